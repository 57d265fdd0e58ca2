"""Pools and their keys over HTTP (KEY-1 to KEY-3, KEY-5, SEC-2)."""

from datetime import timedelta
from uuid import uuid4

import pytest
from keys.harness import NOW, Keys, problem

from services.keys.application.keys import KeyCommands
from shared.contracts import catalog, directory


@pytest.mark.feature("KEY-1")
def test_a_pool_is_created_shown_and_listed_with_its_numbers(keys: Keys) -> None:
    created = keys.http.post("/api/keys/pools", json=keys.new_pool())
    assert created.status_code == 201
    shown = keys.http.get(created.headers["Location"])
    told = shown.json()
    assert (told["name"], told["offering_title"], told["organisation_name"]) == ("Spring", "Forklift", "Head office")
    assert (told["access_days"], told["share_below"]) == (30, False)
    assert told["keys"] == {"free": 0, "sent": 0, "reserved": 0, "redeemed": 0, "revoked": 0}
    assert shown.headers["ETag"] == '"1"'
    keys.add(told["id"], "WARD-2026-AAAA-0001", "WARD-2026-AAAA-0002")
    (listed,) = keys.http.get("/api/keys/pools", params={"q": "sPRi"}).json()["items"]
    assert listed["id"] == told["id"]
    assert listed["keys"]["free"] == 2


@pytest.mark.feature("KEY-1")
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"access_days": 91}, "access_days"),
        ({"access_days": 0}, "access_days"),
        ({"expires": (NOW - timedelta(days=1)).isoformat()}, "expires"),
        ({"name": "  "}, "name"),
        ({"offering_id": str(uuid4())}, "offering_id"),
        ({"organisation_id": str(uuid4())}, "organisation_id"),
        ({"starts": "2026-12-01T00:00:00"}, "starts"),
    ],
)
def test_a_pool_that_cannot_be_is_refused_with_the_field(keys: Keys, change: dict[str, object], field: str) -> None:
    answer = keys.http.post("/api/keys/pools", json=keys.new_pool(**change))
    assert answer.status_code == (404 if field in ("offering_id", "organisation_id") else 422)
    assert answer.json()["field"] == field
    assert keys.http.get("/api/keys/pools").json()["items"] == []


@pytest.mark.feature("KEY-1")
def test_certifications_and_qualifications_have_no_pools(keys: Keys) -> None:
    told = {"code": "C", "title": "Nurse", "description": "", "certificate": None, "badge": None, "price": None}
    ids = (
        keys.tell(keys.catalog, catalog.CertificationDescribed, uuid4(), **told, minimum_minutes=None),
        keys.tell(keys.catalog, catalog.QualificationDescribed, uuid4(), **told, items=()),
    )
    keys.settle()
    for id in ids:
        answer = keys.http.post("/api/keys/pools", json=keys.new_pool(offering_id=str(id)))
        assert answer.json()["field"] == "offering_id"
        assert "Nurse" in answer.json()["detail"]


@pytest.mark.feature("KEY-2")
def test_start_and_end_are_edited_on_the_version_that_was_read(keys: Keys) -> None:
    pool = keys.pool()
    later = keys.terms(expires=NOW + timedelta(days=90))
    address = f"/api/keys/pools/{pool}"
    assert keys.http.put(address, json=later, headers={"If-Match": '"1"'}).status_code == 200
    assert keys.http.put(address, json=keys.terms(), headers={"If-Match": '"1"'}).status_code == 412
    shown = keys.http.get(address)
    assert shown.json()["expires"] == later["expires"].replace("+00:00", "Z")  # type: ignore[attr-defined]
    assert shown.headers["ETag"] == '"2"'
    before = keys.events()
    assert keys.http.put(address, json=later).status_code == 200
    assert keys.events() == before


@pytest.mark.feature("SEC-2", "KEY-1")
def test_pools_are_seen_and_changed_in_the_own_organisations_and_below_only(keys: Keys) -> None:
    pool = keys.pool()
    key = keys.key(pool)
    other = keys.unit("Another company")
    keys.settle()
    job = (
        keys.http.post(f"/api/keys/pools/{pool}/keys", json={"generate": 1})
        .headers["Location"]
        .removeprefix("/api/keys")
    )
    paths = {
        "get": (f"/pools/{pool}", f"/keys/{key}", f"/pools/{pool}/keys", f"/pools/{pool}/exports", job),
        "post": (f"/pools/{pool}/keys", f"/pools/{pool}/exports", f"/keys/{key}/revoke", "/keys/find"),
    }
    body = {"key": "WARD-2026-ABCD-EFGH", "reason": "Lost"}
    for organisation in (other, keys.branch):
        stranger = keys.client(uuid4(), ("operations-manager", organisation))
        assert stranger.get("/api/keys/pools").json()["items"] == []
        for path in paths["get"]:
            answer = stranger.get(f"/api/keys{path}")
            if path.endswith(("/keys", "/exports")):
                assert (answer.status_code, answer.json()["items"]) == (200, [])
            else:
                assert answer.status_code == 404
        for path in paths["post"]:
            assert stranger.post(f"/api/keys{path}", json=body).status_code == 404
        assert stranger.put(f"/api/keys/pools/{pool}", json=keys.terms(name="Mine")).status_code == 404
        refused = stranger.post("/api/keys/pools", json=keys.new_pool())
        assert refused.json()["field"] == "organisation_id"
    above = keys.client(uuid4(), ("operations-manager", keys.head))
    branch = keys.client(uuid4(), ("operations-manager", keys.branch))
    made = branch.post("/api/keys/pools", json=keys.new_pool(organisation_id=str(keys.branch)))
    assert made.status_code == 201
    assert len(above.get("/api/keys/pools").json()["items"]) == 2
    assert len(branch.get("/api/keys/pools").json()["items"]) == 1


@pytest.mark.feature("ADM-5", "SEC-2")
def test_a_job_is_shown_to_whoever_may_see_its_pool(keys: Keys) -> None:
    started = keys.http.post(f"/api/keys/pools/{keys.pool()}/keys", json={"generate": 3})
    keys.settle()
    address, stranger = started.headers["Location"], keys.client(uuid4(), ("operations-manager", keys.branch))
    assert keys.http.get(address).json()["state"] == "finished"
    assert keys.client(uuid4(), ("auditor", None)).get(address).json()["done"] == 3
    unknown = stranger.get(f"/api/keys/jobs/{uuid4()}")
    hidden = stranger.get(address)
    assert (hidden.status_code, hidden.json()["detail"]) == (404, unknown.json()["detail"])
    assert keys.client(uuid4()).get(address).status_code == 403


@pytest.mark.feature("SEC-1", "SEC-4")
def test_auditors_read_and_learners_do_not(keys: Keys) -> None:
    pool = keys.pool()
    auditor = keys.client(uuid4(), ("auditor", None))
    assert auditor.get(f"/api/keys/pools/{pool}").status_code == 200
    for path, body in (
        (f"/pools/{pool}/keys", {"generate": 1}),
        (f"/pools/{pool}/exports", {}),
        ("/pools", keys.new_pool()),
    ):
        refused = auditor.post(f"/api/keys{path}", json=body)
        assert refused.status_code == 403
        assert refused.json()["permission"] == "manage-key-pools"
    for role in ("learner", "enrollment-manager", "company-training-manager", "sales-manager", "learning-manager"):
        refused = keys.client(uuid4(), (role, keys.head)).get("/api/keys/pools")
        assert refused.status_code == 403
        assert "operations-manager" in refused.json()["detail"]


@pytest.mark.feature("KEY-3")
def test_one_key_is_added_or_refused_with_the_reason(keys: Keys) -> None:
    pool = keys.pool()
    keys.key(pool, "ward 2026 abcd efgh")
    for text, status, why in (
        ("WARD-2026-ABCD-EFGH", 409, "duplicate"),
        ("short-1", 422, "too-short"),
        ("WARD-2026-ABCD-EFG\u00dc", 422, "malformed"),
        ("WARD-2026\0-ABCD-EFGH", 422, "malformed"),
        ("", 422, "empty"),
    ):
        answer = keys.http.post(f"/api/keys/pools/{pool}/keys", json={"key": text})
        assert (answer.status_code, problem(answer), answer.json()["field"]) == (status, why, "key")
        assert not text or text not in answer.text
    assert keys.http.get(f"/api/keys/pools/{pool}").json()["keys"]["free"] == 1


@pytest.mark.feature("KEY-3")
def test_pasted_lines_have_a_result_each(keys: Keys) -> None:
    other, pool = keys.pool(name="Other"), keys.pool()
    keys.key(other, "OTHER-POOL-KEY-0001")
    lines = [
        "WARD-2026-0000-0001",
        "",
        "ward20260000ooo1",
        "OTHER POOL KEY 0001",
        "SHORT",
        "=1+1",
        "W\x07RD-2026-0000-0009",
        "WARD-2026-0000-0002",
    ]
    results = keys.add(pool, *lines)
    assert [(r["line"], r["outcome"]) for r in results] == [
        (1, "added"),
        (2, "empty"),
        (3, "duplicate"),
        (4, "duplicate"),
        (5, "too-short"),
        (6, "malformed"),
        (7, "malformed"),
        (8, "added"),
    ]
    assert [("key_id" in r) for r in results] == [r["outcome"] == "added" for r in results]
    assert keys.http.get(f"/api/keys/pools/{pool}").json()["keys"]["free"] == 2


@pytest.mark.feature("KEY-3")
def test_lines_beyond_the_limit_and_other_requests_than_one_are_refused(keys: Keys) -> None:
    pool = keys.pool()
    keys.restart(training_key_lines_limit=2, training_keys_limit=5)
    address = f"/api/keys/pools/{pool}/keys"
    bodies = (
        {"lines": ["WARD-2026-0000-0001"] * 3},
        {"generate": 6},
        {},
        {"generate": 1, "key": "WARD-2026-0000-0001"},
        {"generate": 0},
    )
    for body in bodies:
        assert keys.http.post(address, json=body).status_code == 422
    assert keys.http.get(f"/api/keys/pools/{pool}").json()["keys"]["free"] == 0


@pytest.mark.feature("KEY-3")
def test_the_same_paste_twice_is_one_paste(keys: Keys) -> None:
    pool, again = keys.pool(), {"Idempotency-Key": "paste-1"}
    body = {"lines": ["WARD-2026-0000-0001", "WARD-2026-0000-0002"]}
    first = keys.http.post(f"/api/keys/pools/{pool}/keys", json=body, headers=again)
    assert keys.http.post(f"/api/keys/pools/{pool}/keys", json=body, headers=again).json() == first.json()
    other = keys.http.post(f"/api/keys/pools/{pool}/keys", json={"lines": ["WARD-2026-0000-0003"]}, headers=again)
    assert problem(other) == "command-id-reused"


@pytest.mark.feature("KEY-3")
def test_a_key_that_two_add_at_the_same_instant_is_there_once(keys: Keys) -> None:
    one, other = keys.pool(name="One"), keys.pool(name="Other")
    commands: KeyCommands = keys.service.app.state.services[KeyCommands]
    record = commands._record

    def late(*args: object) -> object:
        """Another one adds the same key between the look and the writing."""
        commands._record = record  # type: ignore[method-assign]
        keys.key(other, "WARD-2026-0000-0001")
        return record(*args)  # type: ignore[arg-type]

    commands._record = late  # type: ignore[method-assign, assignment]
    results = keys.add(one, "WARD-2026-0000-0001", "WARD-2026-0000-0002")
    assert [r["outcome"] for r in results] == ["duplicate", "added"]


@pytest.mark.feature("KEY-3", "KEY-10")
def test_generated_keys_come_by_a_job_that_goes_on_where_it_was(keys: Keys) -> None:
    pool = keys.pool()
    keys.restart(training_key_chunk=4)
    answer = keys.http.post(f"/api/keys/pools/{pool}/keys", json={"generate": 10})
    assert answer.status_code == 202
    keys.worker.step()
    halfway = keys.http.get(answer.headers["Location"]).json()
    assert (halfway["state"], halfway["done"], halfway["total"]) == ("running", 4, 10)
    keys.restart(training_key_chunk=4)
    keys.settle()
    done = keys.http.get(answer.headers["Location"]).json()
    assert (done["state"], done["result"]) == ("finished", {"added": 10})
    found = {row["key"] for row in keys.exported(pool)}
    assert len(found) == 10
    assert all(len(text.replace("-", "")) == 26 for text in found)
    assert keys.http.get(f"/api/keys/pools/{pool}").json()["keys"]["free"] == 10


@pytest.mark.feature("KEY-5")
def test_the_keys_of_a_pool_are_listed_in_pages_and_by_state(keys: Keys) -> None:
    pool = keys.pool()
    keys.add(pool, *(f"WARD-2026-0000-{n:04}" for n in range(7)))
    revoked = keys.key(pool, "WARD-2026-0000-REV1")
    assert keys.http.post(f"/api/keys/keys/{revoked}/revoke", json={}).status_code == 200
    seen: list[dict[str, object]] = []
    params: dict[str, object] = {"limit": 3}
    while True:
        page = keys.http.get(f"/api/keys/pools/{pool}/keys", params=params).json()
        seen += page["items"]
        if page["next"] is None:
            break
        params["cursor"] = page["next"]
    assert len({item["id"] for item in seen}) == len(seen) == 8
    assert [item["added_at"] for item in seen] == sorted((item["added_at"] for item in seen), reverse=True)  # type: ignore[type-var]
    assert seen[0]["state"] == "revoked"
    assert len({item["fingerprint"] for item in seen}) == 8
    free = keys.http.get(f"/api/keys/pools/{pool}/keys", params={"state": "free"}).json()["items"]
    assert len(free) == 7


def test_facts_follow_the_directory(keys: Keys) -> None:
    pool = keys.pool()
    keys.tell(keys.directory, directory.UnitRenamed, keys.head, kind="organisation", name="Centre")
    keys.settle()
    assert keys.http.get(f"/api/keys/pools/{pool}").json()["organisation_name"] == "Centre"
    keys.tell(keys.directory, directory.UnitMoved, keys.branch, kind="organisation", framework=uuid4(), parent=None)
    keys.settle()
    refused = keys.http.post("/api/keys/pools", json=keys.new_pool(organisation_id=str(keys.branch)))
    assert refused.status_code == 404
    keys.tell(keys.directory, directory.UnitRemoved, keys.branch, kind="organisation")
    keys.settle()
    administrator = keys.client(uuid4(), ("site-administrator", None))
    refused = administrator.post("/api/keys/pools", json=keys.new_pool(organisation_id=str(keys.branch)))
    assert refused.status_code == 404
