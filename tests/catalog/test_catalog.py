"""The catalog over HTTP."""

import copy
import json
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from issuer import Issuer
from typer.testing import CliRunner

from services.cli.client import Client
from services.cli.commands import app

COURSE = {
    "kind": "course",
    "code": "FIRE-01",
    "title": "Fire safety",
    "description": "Before it burns",
    "minimum_minutes": 45,
    "access_days": 90,
    "certificate": "Fire safety",
    "badge": "Flame",
    "price": {"amount": "19.50", "currency": "EUR"},
    "activities": [{"kind": "content", "title": "Film"}, {"kind": "lab", "title": "Extinguish"}],
}
DEMO = (files("services.catalog") / "demo.yaml").read_bytes()


def create(http: TestClient, **fields: Any) -> str:
    answer = http.post("/api/catalog/offerings", json=fields)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["result"]["id"])


def kind_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


@pytest.mark.feature("CAT-1", "CAT-8")
def test_a_course_is_created_and_shown_with_everything_it_has(http: TestClient) -> None:
    id = create(http, **COURSE)
    shown = http.get(f"/api/catalog/offerings/{id}").json()
    assert {key: shown[key] for key in COURSE} == COURSE
    assert (shown["active"], shown["open"], shown["notifications"]) == (
        True,
        True,
        ["assigned", "completed", "withdrawn"],
    )


@pytest.mark.feature("CAT-2")
def test_a_certification_takes_by_default_the_time_of_its_courses(http: TestClient) -> None:
    course = create(http, **COURSE)
    id = create(http, kind="certification", code="SAFE", title="Safe workplace")
    steps = [{"kind": "course", "title": "Fire", "course_id": course}, {"kind": "exam", "title": "Exam"}]
    assert http.put(f"/api/catalog/offerings/{id}/versions/1", json={"steps": steps}).status_code == 200
    assert http.get(f"/api/catalog/offerings/{id}").json()["open"] is False
    assert http.post(f"/api/catalog/offerings/{id}/versions/1/publish").status_code == 200
    shown = http.get(f"/api/catalog/offerings/{id}").json()
    assert (shown["open"], shown["published"], shown["minimum_minutes"]) == (True, 1, 45)


@pytest.mark.feature("CAT-2", "CAT-15")
def test_a_published_version_never_changes_and_the_next_one_retires_it(http: TestClient) -> None:
    id = create(http, kind="certification", code="SAFE", title="Safe workplace")
    path = f"/api/catalog/offerings/{id}/versions"
    http.put(f"{path}/1", json={"steps": [{"kind": "task", "title": "One"}]})
    http.post(f"{path}/1/publish")
    refused = http.put(f"{path}/1", json={"steps": [{"kind": "task", "title": "Other"}]})
    assert kind_of(refused) == (409, "version-not-editable")
    assert "version 2" in refused.json()["detail"]
    http.put(f"{path}/2", json={"steps": [{"kind": "task", "title": "Two"}]})
    http.post(f"{path}/2/publish")
    versions = http.get(f"/api/catalog/offerings/{id}").json()["versions"]
    assert [(v["number"], v["state"], v["steps"][0]["title"]) for v in versions] == [
        (1, "retired", "One"),
        (2, "published", "Two"),
    ]


@pytest.mark.feature("CAT-4")
def test_an_offering_is_active_or_not(http: TestClient) -> None:
    id = create(http, **COURSE)
    http.delete(f"/api/catalog/offerings/{id}/active")
    assert http.get(f"/api/catalog/offerings/{id}").json()["open"] is False
    assert [o["id"] for o in http.get("/api/catalog/offerings?active=false").json()["items"]] == [id]
    http.put(f"/api/catalog/offerings/{id}/active")
    assert http.get(f"/api/catalog/offerings/{id}").json()["open"] is True


@pytest.mark.feature("CAT-17")
def test_notifications_are_switched_for_an_offering(http: TestClient) -> None:
    id = create(http, **COURSE)
    assert http.put(f"/api/catalog/offerings/{id}/notifications", json={"on": ["withdrawn"]}).status_code == 200
    assert http.get(f"/api/catalog/offerings/{id}").json()["notifications"] == ["withdrawn"]


@pytest.mark.feature("CAT-17", "NTF-1", "NTF-2")
def test_switches_copies_and_reminders_of_an_offering_are_one_setting_and_repeated_change_nothing(
    http: TestClient,
) -> None:
    id = create(http, **COURSE)
    path = f"/api/catalog/offerings/{id}"
    untouched = {"off": [], "copied": []} | dict.fromkeys(
        ("due_reminders", "certificate_reminders", "access_reminders")
    )
    assert http.get(path).json()["mail"] == untouched
    mail = {"off": ["overdue"], "copied": ["assigned"], "due_reminders": [1, -14, -14]}
    asked = {"on": ["withdrawn"], "mail": mail}
    first = http.put(f"{path}/notifications", json=asked)
    read = http.get(path)
    assert read.json()["notifications"] == ["withdrawn"]
    assert read.json()["mail"] == {**untouched, **mail, "due_reminders": [-14, 1]}
    assert read.headers["ETag"] == '"3"', "one event for each part"
    assert http.put(f"{path}/notifications", json=asked).json()["position"] == first.json()["position"]
    http.put(f"{path}/notifications", json={"on": ["completed"]})
    assert http.get(path).json()["mail"]["off"] == ["overdue"], "who does not know of it does not reset it"


@pytest.mark.feature("CAT-17")
@pytest.mark.parametrize(
    "mail",
    [{"off": ["assigned"]}, {"copied": ["exceptions"]}, {"due_reminders": [400]}, {"access_reminders": [1]}],
)
def test_settings_of_mail_that_mean_nothing_are_refused(http: TestClient, mail: dict[str, object]) -> None:
    id = create(http, **COURSE)
    answer = http.put(f"/api/catalog/offerings/{id}/notifications", json={"on": [], "mail": mail})
    assert (answer.status_code, next(iter(mail)) in answer.json()["field"]) == (422, True)


@pytest.mark.feature("ASG-10")
def test_what_becomes_of_drop_outs_is_decided_for_an_offering(http: TestClient) -> None:
    id = create(http, **COURSE)
    assert http.get(f"/api/catalog/offerings/{id}").json()["keep_begun"] is True
    assert http.put(f"/api/catalog/offerings/{id}/drop-outs", json={"keep_begun": False}).status_code == 200
    assert http.get(f"/api/catalog/offerings/{id}").json()["keep_begun"] is False


@pytest.mark.feature("DUE-3")
def test_which_of_several_due_dates_holds_is_chosen_for_an_offering(http: TestClient) -> None:
    id = create(http, **COURSE)
    assert http.get(f"/api/catalog/offerings/{id}").json()["earliest_due"] is False
    for _ in range(2):
        assert http.put(f"/api/catalog/offerings/{id}/due-dates", json={"earliest_due": True}).status_code == 200
    shown = http.get(f"/api/catalog/offerings/{id}")
    assert (shown.json()["earliest_due"], shown.headers["ETag"]) == (True, '"2"')


def test_an_edit_on_an_old_version_is_refused(http: TestClient) -> None:
    id = create(http, **COURSE)
    tag = http.get(f"/api/catalog/offerings/{id}").headers["ETag"]
    edit = {**COURSE, "title": "Fire safety at work"}
    assert http.put(f"/api/catalog/offerings/{id}", json=edit, headers={"If-Match": tag}).status_code == 200
    stale = http.put(f"/api/catalog/offerings/{id}", json=COURSE, headers={"If-Match": tag})
    assert kind_of(stale) == (412, "stale")
    assert stale.json()["current"] == 2
    assert http.get(f"/api/catalog/offerings/{id}").json()["title"] == "Fire safety at work"


def test_a_code_is_unique_regardless_of_case_and_leads_to_its_owner(http: TestClient) -> None:
    id = create(http, **COURSE)
    refused = http.post("/api/catalog/offerings", json={**COURSE, "code": "fire-01"})
    assert kind_of(refused) == (409, "code-taken")
    assert refused.json()["offering_id"] == id


def test_bad_input_names_the_field_and_changes_nothing(http: TestClient) -> None:
    wrong = http.post("/api/catalog/offerings", json={**COURSE, "price": {"amount": "-1", "currency": "EUR"}})
    assert (kind_of(wrong), wrong.json()["field"]) == ((422, "invalid"), "course.price.amount")
    id = create(http, kind="certification", code="SAFE", title="Safe")
    steps = [{"kind": "course", "title": "Fire", "course_id": str(uuid4())}]
    unknown = http.put(f"/api/catalog/offerings/{id}/versions/1", json={"steps": steps})
    assert (kind_of(unknown), unknown.json()["field"]) == ((422, "invalid"), "steps")
    assert http.get(f"/api/catalog/offerings/{uuid4()}").status_code == 404
    assert [o["code"] for o in http.get("/api/catalog/offerings").json()["items"]] == ["SAFE"]


@pytest.mark.feature("ADM-2")
def test_a_list_is_of_one_kind_or_of_named_offerings_by_title_or_code(http: TestClient) -> None:
    burn = create(http, kind="course", code="Z-1", title="Alarms")
    lift = create(http, kind="course", code="A-1", title="Lifting")
    safe = create(http, kind="certification", code="M-1", title="Safe workplace")

    def codes(**asked: Any) -> list[str]:
        return [one["code"] for one in http.get("/api/catalog/offerings", params=asked).json()["items"]]

    assert codes() == ["Z-1", "A-1", "M-1"]
    assert codes(sort="code") == ["A-1", "M-1", "Z-1"]
    assert codes(kind="course") == ["Z-1", "A-1"]
    assert codes(ids=[safe, lift]) == ["A-1", "M-1"]
    assert codes(ids=[burn, safe], kind="certification", q="WORK") == ["M-1"]
    first = http.get("/api/catalog/offerings", params={"sort": "code", "limit": 2}).json()
    assert codes(sort="code", cursor=first["next"], limit=2) == ["Z-1"]
    assert http.get("/api/catalog/offerings", params={"cursor": first["next"]}).status_code == 422, "of another sort"


@pytest.mark.feature("CAT-2")
def test_an_offering_says_what_was_entered_and_the_version_that_an_edit_is_based_on(http: TestClient) -> None:
    course = create(http, **COURSE)
    safe = create(http, kind="certification", code="SAFE", title="Safe workplace")
    steps = [{"kind": "course", "title": "Fire", "course_id": course}]
    http.put(f"/api/catalog/offerings/{safe}/versions/1", json={"steps": steps})
    http.post(f"/api/catalog/offerings/{safe}/versions/1/publish")
    shown = http.get(f"/api/catalog/offerings/{safe}")
    assert (shown.json()["minimum_minutes"], shown.json()["own_minutes"]) == (45, None)
    assert shown.headers["ETag"] == f'"{shown.json()["version"]}"'
    assert http.get(f"/api/catalog/offerings/{course}").json()["own_minutes"] == 45


@pytest.mark.parametrize("declared", [True, False])
def test_a_huge_body_is_refused_before_it_is_read(http: TestClient, declared: bool) -> None:
    body = b"x" * 200_000
    content: Any = body if declared else (body[n : n + 1000] for n in range(0, len(body), 1000))
    answer = http.post("/api/catalog/apply", content=content)
    assert kind_of(answer) == (413, "too-large")
    assert "ROLLBOOK_BODY_BYTES" in answer.json()["detail"]


@pytest.mark.feature("SEC-3", "SEC-4")
def test_a_token_must_be_of_our_issuer_and_give_the_permission(http: TestClient, issuer: Issuer) -> None:
    def listing(token: str) -> Any:
        return http.get("/api/catalog/offerings", headers={"Authorization": f"Bearer {token}"})

    assert listing(issuer.token(uuid4(), [("auditor", None)])).status_code == 200
    assert listing(issuer.token(uuid4(), issuer="https://other.example")).status_code == 401
    assert listing(issuer.token(uuid4(), seconds=-60)).status_code == 401
    assert listing(Issuer().token(uuid4())).status_code == 401
    learner = issuer.headers(uuid4(), ("learner", None))
    refused = http.post("/api/catalog/offerings", json=COURSE, headers=learner)
    assert kind_of(refused) == (403, "forbidden")
    assert refused.json()["permission"] == "edit-catalog"
    assert "learning-manager" in refused.json()["detail"]


@pytest.mark.feature("CAT-16")
def test_the_demo_catalog_is_applied_idempotently_and_a_dry_run_shows_the_difference(http: TestClient) -> None:
    dry = http.post("/api/catalog/apply?dry_run=true", content=DEMO).json()["result"]["items"]
    assert ({item["outcome"] for item in dry}, len(dry)) == ({"created"}, 12)
    assert http.get("/api/catalog/offerings").json()["items"] == []
    applied = http.post("/api/catalog/apply", content=DEMO).json()["result"]["items"]
    assert applied == dry
    again = http.post("/api/catalog/apply", content=DEMO).json()["result"]["items"]
    assert {item["outcome"] for item in again} == {"unchanged"}
    changed = DEMO.replace(b"title: First aid\n", b"title: First aid for all\n")
    difference = http.post("/api/catalog/apply?dry_run=true", content=changed).json()["result"]["items"]
    assert [(i["code"], i["changes"]) for i in difference if i["outcome"] != "unchanged"] == [
        ("FIRST-AID", [{"field": "title", "old": "First aid", "new": "First aid for all"}])
    ]


@pytest.mark.feature("CAT-16")
def test_a_dry_run_prints_old_and_new_values_by_code_and_no_word_of_events(
    http: TestClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first: dict[str, Any] = {
        "offerings": [
            {"kind": "course", "code": "AID", "title": "Aid", "price": {"amount": "9.50", "currency": "EUR"}},
            {"kind": "course", "code": "FIRE", "title": "Fire"},
            {
                "kind": "certification",
                "code": "SAFE",
                "title": "Safe",
                "versions": {"1": {"steps": [{"kind": "course", "title": "Aid", "course": "aid"}]}},
            },
            {"kind": "qualification", "code": "FIT", "title": "Fit", "items": ["AID"]},
        ],
        "job_roles": [
            {"code": "NURSE", "name": "Nurse", "qualifications": [{"qualification": "FIT", "required": True}]}
        ],
    }
    applied = http.post("/api/catalog/apply", content=json.dumps(first)).json()["result"]["items"]
    assert [item["kind"] for item in applied] == ["course", "course", "certification", "qualification", "job-role"]
    second = copy.deepcopy(first)
    aid, _, safe, fit = second["offerings"]
    aid |= {"title": "Aid for all", "price": None, "access": "hidden", "notifications": ["assigned"], "active": False}
    safe["versions"]["2"] = {"steps": [{"kind": "course", "title": "Fire", "course": "FIRE"}], "state": "draft"}
    fit["items"] = ["AID", "FIRE"]
    second["job_roles"][0] |= {"name": "Ward nurse", "qualifications": []}
    file = tmp_path / "catalog.json"
    file.write_text(json.dumps(second))
    monkeypatch.setattr(Client, "__enter__", lambda self: self)
    monkeypatch.setattr(Client, "send", lambda _, method, path, **asked: http.request(method, path, **asked).json())
    printed = CliRunner().invoke(app, ["apply", str(file), "--dry-run", "--token", "none"])
    assert printed.exit_code == 0, printed.output
    assert printed.output.splitlines() == [
        "changed    AID",
        '    title: "Aid" -> "Aid for all"',
        '    price: {"amount": "9.50", "currency": "EUR"} -> (none)',
        "    active: true -> false",
        '    notifications: ["assigned", "completed", "withdrawn"] -> ["assigned"]',
        '    access: "request" -> "hidden"',
        "unchanged  FIRE",
        "changed    SAFE",
        '    versions.2.steps: (none) -> [{"kind": "course", "title": "Fire", "course": "FIRE"}]',
        '    versions.2.state: (none) -> "draft"',
        "    versions.2.in_order: (none) -> false",
        "changed    FIT",
        '    items: ["AID"] -> ["AID", "FIRE"]',
        "changed    NURSE",
        '    name: "Nurse" -> "Ward nurse"',
        '    qualifications: [{"qualification": "FIT", "required": true}] -> []',
    ]


@pytest.mark.feature("CAT-16")
@pytest.mark.parametrize(
    ("file", "says"),
    [
        (b"offerings: [", "not valid YAML"),
        (b"\xff\xfe", "not UTF-8"),
        (b"groups: []\nofferings: []", "belongs to enrollment"),
        (b"offerings:\n- {kind: course, code: A, title: A}\n- {kind: course, code: a, title: B}", "more than once"),
        (
            b"offerings:\n- {kind: course, code: A, title: A}\n- {kind: certification, code: C, title: C, versions: "
            b"{1: {steps: [{kind: course, title: X, course: NOWHERE}]}}}",
            "NOWHERE",
        ),
        (
            b"offerings:\n- {kind: certification, code: D, title: D}\n- {kind: certification, code: C, title: C, versions: "
            b"{1: {steps: [{kind: course, title: X, course: D}]}}}",
            "not in the catalog or the file: D",
        ),
        (
            b"offerings:\n- {kind: certification, code: C, title: C, versions: {1: {steps: [{kind: course, title: X}]}}}",
            "must name its course",
        ),
    ],
)
def test_a_bad_file_is_refused_whole(http: TestClient, file: bytes, says: str) -> None:
    answer = http.post("/api/catalog/apply", content=file)
    assert answer.status_code == 422
    assert says in answer.json()["detail"]
    assert http.get("/api/catalog/offerings").json()["items"] == []


@pytest.mark.feature("CAT-16")
def test_a_file_keeps_its_earlier_versions_and_applies_again_unchanged(http: TestClient) -> None:
    def file(*numbers: int) -> bytes:
        versions = ", ".join(f"{n}: {{steps: [{{kind: task, title: Step of {n}}}]}}" for n in numbers)
        return f"offerings:\n- {{kind: certification, code: C, title: C, versions: {{{versions}}}}}".encode()

    def apply(content: bytes) -> Any:
        return http.post("/api/catalog/apply", content=content)

    for content in (file(1), file(1, 2)):
        assert apply(content).status_code == 200
        assert apply(content).json()["result"]["items"][0]["outcome"] == "unchanged"
    id = http.get("/api/catalog/offerings").json()["items"][0]["id"]
    versions = http.get(f"/api/catalog/offerings/{id}").json()["versions"]
    assert [v["state"] for v in versions] == ["retired", "published"]
    older = apply(file(1))
    assert kind_of(older) == (409, "version-not-editable")


def test_offerings_are_found_by_part_of_title_or_code_and_paged(http: TestClient) -> None:
    http.post("/api/catalog/apply", content=DEMO)
    found = http.get("/api/catalog/offerings", params={"q": "safe"}).json()["items"]
    assert {o["code"] for o in found} == {"FIRE-01", "MEDICATION", "CERT-SAFETY"}
    seen: list[str] = []
    params = {"limit": "5"}
    while True:
        page = http.get("/api/catalog/offerings", params=params).json()
        seen += [o["title"] for o in page["items"]]
        if not page["next"]:
            break
        params["cursor"] = page["next"]
    assert seen == sorted(seen, key=str.lower)
    assert len(seen) == 12
    assert kind_of(http.get("/api/catalog/offerings?cursor=nonsense"))[0] == 422


@pytest.mark.feature("CAT-5", "CAT-19")
def test_how_and_when_learners_come_by_themselves_is_said_on_the_offering(http: TestClient) -> None:
    path = f"/api/catalog/offerings/{create(http, **COURSE)}"
    assert http.get(path).json()["admission"] == {"access": "request", "opens": None, "closes": None}
    window = {"access": "self-enrollment", "opens": "2026-12-01T08:00:00Z", "closes": "2027-01-01T00:00:00Z"}
    assert http.put(f"{path}/admission", json=window).status_code == 200
    assert http.get(path).json()["admission"] == window
    backwards = {**window, "opens": "2027-02-01T08:00:00Z"}
    assert kind_of(http.put(f"{path}/admission", json=backwards)) == (422, "invalid")
    assert http.put(f"{path}/admission", json={**window, "opens": "2026-12-01T08:00:00"}).status_code == 422


@pytest.mark.feature("CAT-12", "ENR-8")
def test_what_a_completion_asks_for_is_said_on_the_offering(http: TestClient) -> None:
    path = f"/api/catalog/offerings/{create(http, **COURSE)}"
    assert http.get(path).json()["completion"] == {"review": False, "earlier_completions": False}
    asked = {"review": True, "earlier_completions": True}
    for _ in range(2):
        assert http.put(f"{path}/completion", json=asked).status_code == 200
    shown = http.get(path)
    assert (shown.json()["completion"], shown.headers["ETag"]) == (asked, '"3"')


@pytest.mark.feature("CAT-1", "CAT-2", "ENR-4")
def test_exams_have_pass_marks_and_steps_may_be_in_order(http: TestClient) -> None:
    exam = {"kind": "exam", "title": "Test", "pass_mark": 80}
    course = create(http, **{**COURSE, "activities": [exam], "in_order": True})
    shown = http.get(f"/api/catalog/offerings/{course}").json()
    assert (shown["activities"], shown["in_order"]) == ([exam], True)
    path = f"/api/catalog/offerings/{create(http, kind='certification', code='SAFE', title='Safe')}/versions/1"
    assert http.put(path, json={"steps": [exam], "in_order": True}).status_code == 200
    assert http.put(path, json={"steps": [{**exam, "pass_mark": 101}]}).status_code == 422
    (version,) = http.get(path.removesuffix("/versions/1")).json()["versions"]
    assert (version["steps"][0]["pass_mark"], version["in_order"]) == (80, True)


@pytest.mark.feature("CAT-1", "CAT-16")
def test_an_activity_has_an_address_a_description_requirements_and_who_reports_it(http: TestClient) -> None:
    lab = {
        "kind": "lab",
        "title": "Crane",
        "address": "https://labs.example/crane?room=1",
        "description": "Lift a box.",
        "system_requirements": "A mouse.",
        "connection": "Port 443.",
        "reported_by": "learner",
    }
    id = create(http, **{**COURSE, "activities": [lab]})
    assert http.get(f"/api/catalog/offerings/{id}").json()["activities"] == [lab]
    tour = {"kind": "task", "title": "Tour", "reported_by": "learning-system"}
    file = {
        "offerings": [
            {"kind": "course", "code": "CRANE", "title": "Crane", "activities": [lab]},
            {"kind": "certification", "code": "CERT", "title": "Cert", "versions": {"1": {"steps": [tour]}}},
        ]
    }
    for outcome in ("created", "unchanged"):
        items = http.post("/api/catalog/apply", content=json.dumps(file)).json()["result"]["items"]
        assert [item["outcome"] for item in items] == [outcome, outcome]
    listed = {item["code"]: item["id"] for item in http.get("/api/catalog/offerings").json()["items"]}
    assert http.get(f"/api/catalog/offerings/{listed['CRANE']}").json()["activities"] == [lab]
    (version,) = http.get(f"/api/catalog/offerings/{listed['CERT']}").json()["versions"]
    assert version["steps"] == [{**tour, "course_id": None}]


@pytest.mark.feature("CAT-1")
@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "exam", "title": "Test", "reported_by": "learner"},
        {"kind": "lab", "title": "Crane", "address": "javascript:alert(1)"},
        {"kind": "lab", "title": "Crane", "address": "https://labs.example/a b"},
        {"kind": "lab", "title": "Crane", "reported_by": "nobody"},
    ],
)
def test_an_activity_that_cannot_be_is_refused(http: TestClient, wrong: dict[str, str]) -> None:
    refused = http.post("/api/catalog/offerings", json={**COURSE, "activities": [wrong]})
    assert kind_of(refused) == (422, "invalid")
