"""Reports that are saved under a name: kept so that they can always be asked, private or shared, each reader's own rows (RPT-3)."""

from typing import Any
from uuid import UUID

import pytest
from reporting.company import SOURCES, Company, company
from reporting.harness import Harness, OpenHarness

SAVED = "/api/reporting/saved-reports"
Headers = dict[str, str]


def save(harness: Harness, headers: Headers, status: int = 201, **given: Any) -> dict[str, Any]:
    body = {"name": "Mine", "source": "completion", "question": {}, **given}
    answer = harness.http.post(SAVED, json=body, headers=headers)
    assert answer.status_code == status, answer.text
    return dict(answer.json())


def id_of(receipt: dict[str, Any]) -> str:
    return str(receipt["result"]["saved_report_id"])


def seen(harness: Harness, headers: Headers, **asked: Any) -> list[str]:
    """The names of those that somebody sees."""
    answer = harness.http.get(SAVED, params=asked, headers=headers)
    assert answer.status_code == 200, answer.text
    return [one["name"] for one in answer.json()["items"]]


@pytest.mark.feature("RPT-3")
@pytest.mark.parametrize("source", SOURCES)
def test_a_saved_report_of_every_source_can_be_asked_as_it_was_kept(harness: Harness, source: str) -> None:
    company(harness)
    described = {one["name"]: one for one in harness.http.get("/api/reporting/sources").json()}[source]
    columns = [one["name"] for one in described["columns"]][-2:]
    question = {"sort": described["sorts"][-1], "columns": columns, "as_of": "2099-01-01"}
    administrator = harness.signed_in(("site-administrator", None))
    refused = save(harness, administrator, 422, source=source, question=question)
    assert (refused["field"], "future" in refused["detail"]) == ("as_of", True)
    question["as_of"] = "2026-01-01"
    id = id_of(save(harness, administrator, source=source, question=question))
    shown = harness.http.get(f"{SAVED}/{id}", headers=administrator)
    kept = shown.json()
    assert (kept["source"], kept["question"], kept["own"], shown.headers["ETag"]) == (source, question, True, '"1"')
    file = harness.http.post(f"/api/reporting/{source}.csv", json=kept["question"], headers=administrator)
    assert file.status_code == 200, file.text
    assert file.text.lstrip("\ufeff").splitlines()[0] == ",".join(columns)


@pytest.mark.feature("RPT-3")
def test_what_the_source_refuses_is_refused_when_it_is_saved_and_the_field_is_named(harness: Harness) -> None:
    administrator = harness.signed_in(("site-administrator", None))
    for question, field in (
        ({"state": ["gone"]}, "state.0"),
        ({"sort": "salary"}, "sort"),
        ({"columns": ["salary"]}, "columns.0"),
        ({"salary": 1}, "salary"),
        ({"due_from": "tomorrow"}, "due_from"),
        ({"cursor": "abc"}, "cursor"),
    ):
        asked = harness.http.post("/api/reporting/completion.csv", json=question)
        refused = save(harness, administrator, 422, question=question)
        assert refused["field"] == f"completion.question.{field}"
        if field != "cursor":
            assert asked.json()["field"] == field
            assert asked.json()["errors"][0]["detail"] == refused["errors"][0]["detail"]
    assert save(harness, administrator, 422, source="salaries")["field"] == "body"
    assert save(harness, administrator, 422, name=" ")["field"] == "completion.name"
    assert seen(harness, administrator) == []


@pytest.mark.feature("RPT-3", "SEC-2")
def test_a_reader_sees_the_rows_of_the_own_scope_and_never_those_of_the_author(harness: Harness) -> None:
    there = company(harness)
    author = harness.signed_in(("site-administrator", None))
    reader = harness.signed_in(("auditor", there.south))
    id = id_of(save(harness, author, name="Everybody", shared={"role": "auditor"}))
    kept = harness.http.get(f"{SAVED}/{id}", headers=reader).json()
    assert (kept["name"], kept["own"], kept["shared"]["role"]) == ("Everybody", False, "auditor")
    rows = harness.http.post("/api/reporting/completion/search", json=kept["question"], headers=reader).json()["items"]
    assert {row["last_name"] for row in rows} == {"South"}
    rows = harness.http.post("/api/reporting/completion/search", json=kept["question"], headers=author).json()["items"]
    assert {row["last_name"] for row in rows} == {"North", "South"}


@pytest.mark.feature("RPT-3", "SEC-2")
def test_it_is_shared_with_holders_of_the_role_whose_role_reaches_some_of_the_organisation(harness: Harness) -> None:
    company_, other = harness.unit("Company"), harness.unit("Other")
    north = harness.unit("North", company_)
    ward, south = harness.unit("Ward", north), harness.unit("South", company_)
    harness.settle()
    author = harness.signed_in(("site-administrator", None))
    save(harness, author, name="North", shared={"role": "auditor", "organisation_id": str(north)})
    save(harness, author, name="Private")
    save(harness, author, name="Managers", shared={"role": "operations-manager"})

    def sees(*roles: tuple[str, UUID | None]) -> list[str]:
        return seen(harness, harness.signed_in(*roles))

    for reaching in (north, ward, company_, None):
        assert sees(("auditor", reaching)) == ["North"]
    for beside in (south, other):
        assert sees(("auditor", beside)) == []
    assert sees(("sales-manager", north)) == sees() == []
    assert sees(("operations-manager", other), ("auditor", ward)) == ["Managers", "North"]
    assert sees(("site-administrator", None)) == []
    assert seen(harness, author) == ["Managers", "Private", "North"]
    assert seen(harness, author, source="billing") == []


@pytest.mark.feature("RPT-3", "SEC-2")
def test_one_shares_only_where_the_permission_holds_and_with_roles_that_may_read_it(harness: Harness) -> None:
    north, south = harness.unit("North"), harness.unit("South")
    harness.settle()
    author = harness.signed_in(("auditor", north))
    beyond = save(harness, author, 403, shared={"role": "auditor"})
    assert (beyond["permission"], beyond["field"]) == ("read-reports", "shared.organisation_id")
    elsewhere = save(harness, author, 422, shared={"role": "auditor", "organisation_id": str(south)})
    assert elsewhere["field"] == "shared.organisation_id"
    for role in ("learner", "learning-manager", "nobody"):
        refused = save(harness, author, 422, shared={"role": role, "organisation_id": str(north)})
        assert (refused["field"], "auditor" in refused["detail"]) == ("shared.role", True)
    save(harness, author, shared={"role": "auditor", "organisation_id": str(north)})
    learner = harness.signed_in(("learner", None))
    assert save(harness, learner, 403)["permission"] == "read-reports"
    save(harness, learner, name="My years", source="record-of-learning")
    assert seen(harness, learner) == ["My years"]
    assert save(harness, learner, 403, source="record-of-learning", shared={"role": "learner"})


@pytest.mark.feature("RPT-3")
def test_saving_is_done_once_and_an_edit_on_another_version_is_refused(harness: Harness) -> None:
    author = {**harness.signed_in(("auditor", None)), "Idempotency-Key": "one"}
    receipt = save(harness, author)
    assert save(harness, author) == receipt
    del author["Idempotency-Key"]
    address, body = f"{SAVED}/{id_of(receipt)}", {"name": "Late", "source": "completion", "question": {"overdue": True}}
    changed = harness.http.put(address, json=body, headers={**author, "If-Match": '"1"', "Idempotency-Key": "two"})
    assert changed.status_code == 200, changed.text
    again = harness.http.put(address, json=body, headers={**author, "If-Match": '"1"', "Idempotency-Key": "two"})
    assert again.json() == changed.json()
    shown = harness.http.get(address, headers=author)
    assert (shown.json()["name"], shown.json()["question"], shown.headers["ETag"]) == ("Late", {"overdue": True}, '"2"')
    stale = harness.http.put(address, json={**body, "name": "Later"}, headers={**author, "If-Match": '"1"'})
    assert (stale.status_code, stale.json()["current"]) == (412, 2)
    moved = harness.http.put(address, json={**body, "source": "membership", "question": {}}, headers=author)
    assert (moved.status_code, moved.json()["field"]) == (422, "source")
    stale = harness.http.delete(address, headers={**author, "If-Match": '"1"'})
    assert stale.status_code == 412
    for _ in range(2):
        gone = harness.http.delete(address, headers={**author, "If-Match": '"2"', "Idempotency-Key": "three"})
        assert gone.status_code == 200, gone.text
    assert harness.http.get(address, headers=author).status_code == 404
    assert seen(harness, author) == []


@pytest.mark.feature("RPT-3", "SEC-2")
def test_only_its_owner_changes_it_and_what_nobody_shares_is_not_there(harness: Harness) -> None:
    author, reader = harness.signed_in(("auditor", None)), harness.signed_in(("auditor", None))
    private = f"{SAVED}/{id_of(save(harness, author, name='Private'))}"
    shared = f"{SAVED}/{id_of(save(harness, author, name='Shared', shared={'role': 'auditor'}))}"
    body = {"name": "Taken", "source": "completion", "question": {}}
    assert harness.http.put(shared, json=body, headers=reader).status_code == 403
    assert harness.http.delete(shared, headers=reader).status_code == 403
    operator = harness.signed_in(("site-administrator", None))
    for stranger in (reader, operator):
        assert harness.http.get(private, headers=stranger).status_code == 404
        assert harness.http.put(private, json=body, headers=stranger).status_code == 404
        assert harness.http.delete(private, headers=stranger).status_code == 404
    assert harness.http.delete(shared, headers=operator).status_code == 200
    assert seen(harness, author) == ["Private"]


@pytest.mark.feature("RPT-3")
def test_the_list_is_paged_and_a_person_has_so_many_at_most(open_harness: OpenHarness) -> None:
    harness = open_harness(saved_reports=3)
    author = harness.signed_in(("auditor", None))
    for name in ("one", "two", "three"):
        save(harness, author, name=name)
    refused = save(harness, author, 409, name="four")
    assert (refused["type"].rpartition(":")[2], "3" in refused["detail"]) == ("too-many-saved-reports", True)
    page = harness.http.get(SAVED, params={"limit": 2}, headers=author).json()
    assert [one["name"] for one in page["items"]] == ["three", "two"]
    assert seen(harness, author, limit=2, cursor=page["next"]) == ["one"]
    save(harness, harness.signed_in(("auditor", None)), name="of another")


@pytest.mark.feature("RPT-3", "SEC-2")
def test_the_owner_is_named_only_to_whom_the_owner_is_no_stranger(harness: Harness) -> None:
    there: Company = company(harness)
    author = harness.issuer.headers(there.ada, ("auditor", None))
    save(harness, author, shared={"role": "auditor"})

    def owner(headers: Headers) -> tuple[object, object]:
        (one,) = harness.http.get(SAVED, headers=headers).json()["items"]
        return one["owner"], one["owner_id"]

    assert owner(author) == ("Ada North", str(there.ada))
    assert owner(harness.signed_in(("auditor", there.north))) == ("Ada North", str(there.ada))
    assert owner(harness.signed_in(("auditor", there.south))) == (None, str(there.ada))


@pytest.mark.feature("RPT-3")
def test_what_people_type_is_in_no_event_and_in_no_remembered_command(harness: Harness) -> None:
    author = harness.signed_in(("auditor", None))
    save(harness, author, name="About Ada Lovelace", question={"name": "lovelace"})
    with harness.database.connection() as conn:
        kept = conn.execute("SELECT result, request_hash FROM command").fetchall()
        assert conn.execute("SELECT count(*) FROM events").fetchone() == (0,)
    assert len(kept) == 1
    assert "ovelace" not in str(kept)


@pytest.mark.feature("RPT-3", "AUD-2")
def test_a_replay_that_swaps_leaves_saved_reports_and_who_sees_them_as_they_are(harness: Harness) -> None:
    company_ = harness.unit("Company")
    ward = harness.unit("Ward", harness.unit("North", company_))
    harness.settle()
    author = harness.signed_in(("site-administrator", None))
    save(harness, author, name="Ward", shared={"role": "auditor", "organisation_id": str(ward)})
    reader, stranger = harness.signed_in(("auditor", company_)), harness.signed_in(("auditor", harness.unit("Late")))
    assert harness.replay(swap=True)["differences"] == 0
    assert seen(harness, author) == seen(harness, reader) == ["Ward"]
    assert seen(harness, stranger) == []
    harness.settle()
    assert seen(harness, reader) == ["Ward"]
