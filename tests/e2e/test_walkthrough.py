"""The walk of docs/tutorial.md on either feed, looked at more closely than its commands do (those are in test_tutorial)."""

import base64
import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
import xlsxwriter
from documents import Requests, Usual
from folders import new_folder
from issuer import Issuer
from running import Running, number, until

from services.cli.demo import ADMINISTRATOR
from shared.auth import ROLES
from shared.embedded import EmbeddedPostgres
from shared.ports import free_port
from shared.suite import SERVICES

PEOPLE = 120
USER, PASSWORD = ADMINISTRATOR.user_name, ADMINISTRATOR.password


pytestmark = pytest.mark.timeout(600)
"""There are two dozen processes, and there may be two cores for all of them."""


@pytest.fixture(scope="module", params=["postgres", "kafka"])
def suite(request: pytest.FixtureRequest) -> Iterator[Running]:
    """The same walk on either feed: in one process, and with a process for each role on a broker of its own."""
    if request.param == "kafka":
        request.getfixturevalue("kafka")  # where no broker can be had, this skips, or fails in CI
    with new_folder("rollbook-walk-") as data, Running(data, size=100, feed=request.param) as running:
        running.sign_in(USER, PASSWORD)
        yield running


ONE_FEED = pytest.mark.parametrize("suite", ["kafka"], indirect=True)
"""For what has nothing to do with how events travel."""


def rollbook(suite: Running, *words: str) -> str:
    done = suite.cli(*words, user=USER, password=PASSWORD)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What an HR system exports: two wards, a position, people and their jobs; the first of each ward leads it."""
    folder = tmp_path_factory.mktemp("hr")
    stamp = "timemodified,deleted"
    (folder / "org.csv").write_text(
        f"idnumber,fullname,frameworkidnumber,parentidnumber,{stamp}\n"
        "WH,Walk hospital,WALK,,0,0\nWE,Ward East,WALK,WH,0,0\nWW,Ward West,WALK,WH,0,0\n"
    )
    (folder / "pos.csv").write_text(f"idnumber,fullname,frameworkidnumber,{stamp}\nWN,Walk nurse,WALKPOS,0,0\n")
    users = [f"W{n:04d},walker{n},Ada,Walker{n},walker{n}@example.org,{0},0" for n in range(PEOPLE)]
    (folder / "user.csv").write_text(f"idnumber,username,firstname,lastname,email,{stamp}\n" + "\n".join(users) + "\n")
    jobs = [
        f"J1,W{n:04d},{'WE' if n % 2 else 'WW'},WN,{'' if n < 2 else f'W{n % 2:04d}'},{'' if n < 2 else 'J1'},0,0"
        for n in range(PEOPLE)
    ]
    headings = f"idnumber,useridnumber,orgidnumber,posidnumber,manageridnumber,managerjaidnumber,{stamp}"
    (folder / "jobassignment.csv").write_text(headings + "\n" + "\n".join(jobs) + "\n")
    return folder


def unit(suite: Running, external: str) -> str:
    return str(next(u["id"] for u in suite.every("/api/directory/units") if u["external_id"] == external))


def person(suite: Running, last_name: str) -> str:
    found = suite.post("/api/directory/people/search", {"last_name": last_name})
    return str(found["items"][0]["id"])


def report(suite: Running, **params: Any) -> list[Any]:
    return suite.every("/api/reporting/membership", **params)


@pytest.mark.feature("DIR-8", "DIR-13")
def test_1_people_are_imported_after_a_dry_run_and_the_same_files_again_change_nothing(
    suite: Running, files: Path
) -> None:
    options = ["--option", "create_frameworks=true"]
    dry = rollbook(suite, "import", str(files), "--dry-run", *options)
    assert number(r"created\s+(\d+)", dry) == 3 + 1 + PEOPLE * 2
    assert suite.post("/api/directory/people/search", {"last_name": "Walker7"})["items"] == []
    rollbook(suite, "import", str(files), *options)
    again = rollbook(suite, "import", str(files), *options)
    assert number(r"unchanged\s+(\d+)", again) == 3 + 1 + PEOPLE * 2
    assert "created" not in again


@pytest.mark.feature("ASG-8", "ASG-9", "RPT-1", "RPT-2", "RPT-6", "NTF-1")
def test_2_a_rule_is_previewed_confirmed_reported_and_mailed(suite: Running) -> None:
    ward = unit(suite, "WE")
    until(lambda: suite.post("/api/enrollment/previews", _rule(suite, ward))["people"] == PEOPLE // 2)
    said = rollbook(suite, "assign", "CERT-SAFETY", "--organisation", ward, "--yes")
    assert f"Adding this assignment will enrol {PEOPLE // 2} learners to this certification" in said
    position = said.split("--at-least ")[1].strip()
    rows = report(suite, at_least=position, type="organisation")
    ours = [row for row in rows if row["assignment_name"] == "Ward East"]
    assert len(ours) == PEOPLE // 2
    assert {row["assignment_type_label"] for row in ours} == {"Organisation"}
    walker = person(suite, "Walker7")
    (mail,) = until(lambda: suite.get("/api/notifier/caught", person_id=walker)["items"])
    letter = suite.get(f"/api/notifier/caught/{mail['id']}")
    assert "Safe workplace" in letter["text"]


def _rule(suite: Running, ward: str) -> dict[str, Any]:
    offering = next(o for o in suite.every("/api/catalog/offerings") if o["code"] == "CERT-SAFETY")
    target = {"type": "organisation", "target_id": ward}
    return {"action": "assign", "offering_id": offering["id"], "targets": [target]}


@pytest.mark.feature("ASG-10", "ASG-7")
def test_3_a_move_withdraws_within_a_second_and_the_learner_is_told(suite: Running) -> None:
    walker = person(suite, "Walker7")
    _move(suite, walker, unit(suite, "WW"))
    standing = until(
        lambda: [
            e for e in suite.get("/api/enrollment/enrollments", person_id=walker)["items"] if e["status"] == "withdrawn"
        ],
        5.0,
    )
    assert len(standing) == 1
    until(lambda: len(suite.get("/api/notifier/caught", person_id=walker)["items"]) == 2)
    until(lambda: not [r for r in report(suite) if r["person_id"] == walker])


def _move(suite: Running, person_id: str, organisation: str) -> str:
    """Another home organisation, and the job moves along. Returns the position of the last event."""
    suite.post(f"/api/directory/people/{person_id}/move", {"organisation_id": organisation})
    job = suite.get(f"/api/directory/people/{person_id}")["jobs"][0]
    change = {name: job[name] for name in ("external_id", "title", "position", "manager_job")}
    change["organisation"] = organisation
    answer = suite.http.put(f"/api/directory/people/{person_id}/jobs/{job['id']}", json=change)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["position"])


@pytest.mark.feature("RPT-7")
def test_4_the_report_as_of_before_the_move_still_has_the_learner_and_yesterday_nobody(suite: Running) -> None:
    walker = person(suite, "Walker7")
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    assert number(r"(\d+)", rollbook(suite, "report", "--as-of", yesterday, "--count")) == 0
    events = suite.get("/api/enrollment/enrollments", person_id=walker)["items"]
    assert [e["status"] for e in events] == ["withdrawn"]
    now = report(suite)
    assigned_at = max(row["assigned_at"] for row in now if row["assignment_name"] == "Ward East")
    then = report(suite, as_of=assigned_at)
    assert [row["person_id"] for row in then if row["person_id"] == walker] == [walker]


@pytest.mark.feature("AUD-2")
def test_5_replay_rebuilds_the_read_models_with_no_difference(suite: Running) -> None:
    assert "differences: 0" in rollbook(suite, "replay")
    assert "differences: 0" in rollbook(suite, "replay", "--swap")


@pytest.mark.feature("OPS-4")
def test_6_the_doctor_finds_everything_well(suite: Running) -> None:
    """Once every consumer has caught up: what each follows is not waited for elsewhere."""

    def well() -> str | None:
        try:
            return rollbook(suite, "doctor")
        except AssertionError as not_yet:
            if "consumers: behind" not in str(not_yet):
                raise
            return None

    assert "not ok" not in until(well, 240.0)


@pytest.mark.feature("CAT-16")
def test_7_the_catalog_is_applied_from_a_file(suite: Running, tmp_path: Path) -> None:
    file = tmp_path / "catalog.yaml"
    file.write_text("offerings:\n- {kind: course, code: WALK-1, title: Walking}\n")
    assert rollbook(suite, "apply", str(file), "--dry-run").split()[:2] == ["created", "WALK-1"]
    assert rollbook(suite, "apply", str(file)).split()[:2] == ["created", "WALK-1"]
    assert rollbook(suite, "apply", str(file)).split()[:2] == ["unchanged", "WALK-1"]
    whole = tmp_path / "whole.yaml"
    whole.write_text(
        "offerings:\n- {kind: course, code: WALK-2, title: Walking on}\n"
        "groups:\n- {offering: WALK-2, name: Sunday, allow_enrol: true, due: {kind: fixed, on: 2099-12-31}}\n"
        "triggers:\n- {name: Walkers, when: {kind: completion, offering: WALK-1}, offering: WALK-2}\n"
    )
    for arguments, outcome in ((("--dry-run",), "created"), ((), "created"), ((), "unchanged")):
        lines = rollbook(suite, "apply", str(whole), *arguments).splitlines()
        assert ('    title: (none) -> "Walking on"' in lines) == (outcome == "created")
        assert [line.split()[:2] for line in lines if not line.startswith(" ")] == [
            [outcome, code] for code in ("WALK-2", "WALK-2/Sunday", "Walkers")
        ]


@pytest.mark.feature("ASG-1", "IMP-2", "IMP-3", "IMP-4", "IMP-5")
def test_learners_are_assigned_from_a_spreadsheet_after_a_dry_run(suite: Running, tmp_path: Path) -> None:
    """More than the hundred that are imported by default; the last rows name nobody, and somebody once more."""
    file, some = tmp_path / "learners.xlsx", [f"Walker{n}@example.org" for n in range(PEOPLE)]
    with xlsxwriter.Workbook(file, {"strings_to_urls": False}) as book:
        book.add_worksheet().write_column("A1", ["E-mail", *some, "nobody@example.org", "walker1@EXAMPLE.org"])
    words = "import", str(file), "--offering", "FIRST-AID"
    dry = suite.cli(*words, "--dry-run", user=USER, password=PASSWORD)
    assert (dry.returncode, number(r"assigned +(\d+)", dry.stdout), report(suite, type="individual")) == (1, PEOPLE, [])
    done = suite.cli(*words, user=USER, password=PASSWORD)
    assert (done.returncode, number(r"assigned +(\d+)", done.stdout), "Enrolling" in done.stderr) == (1, PEOPLE, True)
    said, position = done.stdout.split("Done. To see it in reports, add: --at-least ")
    assert said == dry.stdout
    assert (
        f"row {PEOPLE + 2}: unknown. There is no person with this e-mail address, or none that you may see.\n" in said
    )
    assert f"row {PEOPLE + 3}: duplicate. The same address as in row 3.\n" in said
    assert len(report(suite, at_least=position.strip(), type="individual")) == PEOPLE
    few = suite.cli(*words, "--limit", "5", user=USER, password=PASSWORD)
    assert (number(r"already-assigned +(\d+)", few.stdout), number(r"not-imported +(\d+)", few.stdout)) == (
        5,
        PEOPLE - 3,
    )
    alone = suite.cli("import", str(file), user=USER, password=PASSWORD)
    assert (alone.returncode, "with --offering CODE" in alone.stderr) == (2, True)


def test_commands_that_cannot_be_done_say_why_and_have_an_exit_code(suite: Running, tmp_path: Path) -> None:
    wrong = suite.cli("apply", str(_file(tmp_path, "c.yaml", "offerings: []")), user=USER, password="not this one")
    assert (wrong.returncode, "Sign in" in wrong.stderr) == (2, True)
    unknown = suite.cli("assign", "NO-SUCH-CODE", "--person", person(suite, "Walker9"), user=USER, password=PASSWORD)
    assert (unknown.returncode, "NO-SUCH-CODE" in unknown.stderr) == (2, True)
    rows = "idnumber,username,firstname,lastname,email,timemodified,deleted\nX1,x1,Ada,Twin,walker1@example.org,0,0\n"
    _file(tmp_path, "user.csv", rows)
    skipped = suite.cli("import", str(tmp_path), user=USER, password=PASSWORD)
    assert skipped.returncode == 1
    assert "user row 2:" in skipped.stdout
    nobody_home = suite.cli("doctor", "--url", f"http://127.0.0.1:{free_port()}", user=USER, password=PASSWORD)
    assert nobody_home.returncode == 1
    assert "fix: Start it: rollbook up" in nobody_home.stdout


def _file(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text)
    return folder / name


@pytest.mark.feature("OPS-8")
def test_a_dead_letter_is_listed_and_retried_and_a_neighbour_is_not_stopped(suite: Running) -> None:
    server, walker, neighbour = EmbeddedPostgres(suite.data), person(suite, "Walker11"), person(suite, "Walker13")
    with psycopg.connect(server.conninfo("rollbook_reporting"), autocommit=True) as conn:
        conn.execute(f"ALTER TABLE person ADD CONSTRAINT poison CHECK (person_id <> '{walker}') NOT VALID".encode())
        for one in (walker, neighbour):
            suite.post(f"/api/directory/people/{one}/move", {"organisation_id": unit(suite, "WH")})
        until(lambda: walker in rollbook(suite, "letters", "list"))
        assert suite.cli("letters", "list", "--check", user=USER, password=PASSWORD).returncode == 1
        assert neighbour not in rollbook(suite, "letters", "list")
        assert "PersonMoved" in rollbook(suite, "letters", "show", "reporting", "directory", walker)
        assert "dead letters" in suite.cli("doctor", user=USER, password=PASSWORD).stdout
        refused = suite.cli("letters", "retry", "reporting", "directory", walker, user=USER, password=PASSWORD)
        assert (refused.returncode, "crashed again" in refused.stderr) == (2, True)
        conn.execute("ALTER TABLE person DROP CONSTRAINT poison")
    assert "Processed: 1" in rollbook(suite, "letters", "retry", "reporting", "directory", walker)
    assert "no dead letters" in rollbook(suite, "letters", "list")


_MAY_HOLD_NAMES = {
    ("approvals", "profile"),
    ("directory", "profile"),
    ("enrollment", "profile"),
    ("reporting", "profile"),
    ("keys", "profile"),
    ("notifier", "profile"),
    ("notifier", "caught_mail"),
}
"""One table for each service that shows, certifies or mails people; and the catcher, which stands for other mail servers."""


def learning_system(suite: Running) -> str:
    """An account of its own, which may report what learners did (CAT-1). Returns what it signs its requests with."""
    told = {"first_name": "Learning", "last_name": "System", "email": "lms@example.com", "user_name": "lms"}
    id = suite.post("/api/directory/people", told)["result"]["person_id"]
    suite.post(f"/api/directory/people/{id}/roles", {"role": "learning-system", "organisation": None})
    password = {"password": "a long one for the system"}
    assert suite.http.put(f"/api/directory/people/{id}/password", json=password).status_code == 204
    form = {"grant_type": "password", "username": "lms", "password": password["password"]}
    return f"Bearer {suite.http.post('/api/directory/token', data=form).json()['access_token']}"


@pytest.mark.feature("CAT-1", "ENR-2", "ENR-3", "ENR-10", "CAT-8")
def test_a_learner_enrols_pays_at_the_provider_works_and_anyone_verifies_the_certificate(suite: Running) -> None:
    offerings = {one["code"]: one["id"] for one in suite.every("/api/catalog/offerings")}
    enrolled = suite.post(f"/api/enrollment/offerings/{offerings['DRIVING']}/enrol")["result"]
    assert enrolled["status"] == "awaiting-payment"
    address = f"/api/enrollment/enrollments/{enrolled['enrollment_id']}"
    checkout = suite.post(f"{address}/purchase")["checkout"]
    assert "120.00 EUR" in suite.http.get(checkout).text
    assert "answered: taken" in suite.http.post(checkout, data={"kind": "paid"}).text
    assert suite.post(f"{address}/begin")["result"]["status"] == "in-progress"

    first_aid = suite.post(f"/api/enrollment/offerings/{offerings['FIRST-AID']}/enrol")["result"]
    address = f"/api/enrollment/enrollments/{first_aid['enrollment_id']}"
    suite.post(f"{address}/steps/1/complete")
    assert suite.http.post(f"{address}/steps/2/complete").status_code == 403
    token = learning_system(suite)
    suite.post(f"{address}/steps/2/complete", Authorization=token)
    serial = suite.post(f"{address}/steps/3/attempts", {"score": 90}, Authorization=token)["result"]["serial"]
    page = suite.http.get(f"/verify/{serial}", headers={"Authorization": ""})
    assert (page.status_code, "This certificate is valid" in page.text) == (200, True)
    assert suite.http.get("/verify/AAAA-AAAA-AAAA-AAAA").status_code == 404
    until(lambda: suite.http.get(f"/api/enrollment/certificates/{serial}/document").content.startswith(b"%PDF"))


@pytest.mark.feature("APR-1", "APR-2", "APR-8", "NTF-1", "RPT-2", "CAT-13")
def test_access_is_requested_approved_mailed_and_in_the_report(suite: Running) -> None:
    """The demo says that a manager or an enrollment manager decides; the site administrator comes in where nobody is there."""
    walker = person(suite, "Walker9")
    token = signed_in(suite, walker, "walker9")
    offering = {one["code"]: one["id"] for one in suite.every("/api/catalog/offerings")}["HYGIENE"]
    body = {"kind": "access", "offering_id": offering, "reason": "For the new ward."}
    asked = until(lambda: _taken(suite, "/api/approvals/requests", body, token))
    request = f"/api/approvals/requests/{asked['result']['id']}"
    waiting = suite.every("/api/approvals/queue")
    assert [(one["person"], one["reason"]) for one in waiting if one["person_id"] == walker] == [
        ("Ada Walker9", "For the new ward.")
    ]
    admin = suite.get("/api/directory/me")["id"]
    letters = until(lambda: _letters(suite, admin, "Ada Walker9 is waiting for your decision"))
    page = f"{suite.url}/approvals/{asked['result']['id']}"
    assert page in suite.get(f"/api/notifier/caught/{letters[0]['id']}")["text"]
    suite.post(f"{request}/decision", {"decision": "approve", "reason": "Go on."})
    shown = until(lambda: (one := suite.get(request))["outcome"] == "fulfilled" and one)
    assert [entry["what"] for entry in shown["history"]] == [
        "AccessRequested",
        "StageOpened",
        "StageApproved",
        "RequestFulfilled",
    ]
    rows = until(lambda: [row for row in report(suite, type="request") if row["person_id"] == walker])
    assert [(row["assignment_type_label"], row["offering_code"]) for row in rows] == [("Access request", "HYGIENE")]
    until(lambda: _letters(suite, walker, "Hand hygiene"))


@pytest.mark.feature("KEY-3", "KEY-4", "KEY-5", "KEY-6", "RPT-2")
def test_a_key_is_generated_exported_and_redeemed_and_the_training_begins(suite: Running) -> None:
    walker = person(suite, "Walker11")
    token = signed_in(suite, walker, "walker11")
    offering = {one["code"]: one["id"] for one in suite.every("/api/catalog/offerings")}["LIFTING"]
    now = datetime.now(UTC)
    body: dict[str, Any] = {"name": "Walk", "organisation_id": unit(suite, "WH"), "offering_id": offering}
    body |= {"access_days": 30, "starts": now.isoformat(), "share_below": True}
    body |= {"expires": (now + timedelta(days=9)).isoformat()}
    made = until(lambda: _taken(suite, "/api/keys/pools", body))
    pool = f"/api/keys/pools/{made['result']['pool_id']}"
    suite.post(f"{pool}/keys", {"generate": 3})
    until(lambda: suite.get(pool)["keys"]["free"] == 3)
    exported = suite.http.post(f"{pool}/exports", json={"format": "csv"})
    key = exported.text.splitlines()[1].split(",")[0].strip('"')
    redeemed = until(lambda: _taken(suite, "/api/keys/redemptions", {"key": key}, token))
    until(lambda: suite.get(pool)["keys"]["redeemed"] == 1)
    rows = until(lambda: [row for row in report(suite, type="key") if row["person_id"] == walker])
    assert [row["assignment_type_label"] for row in rows] == ["Training key"]
    (enrollment,) = suite.get("/api/enrollment/enrollments", person_id=walker, offering_id=offering)["items"]
    assert enrollment["assignments"] == [row["assignment_id"] for row in rows]
    begun = suite.post(f"/api/enrollment/enrollments/{enrollment['id']}/begin", Authorization=token)
    assert begun["result"]["status"] == "in-progress"
    assert redeemed["assignment_id"] in (None, rows[0]["assignment_id"])
    assert key not in suite.http.get("/api/keys/metrics").text


@pytest.mark.feature("KEY-7", "KEY-8", "KEY-9", "DIR-2", "DIR-7")
def test_a_stranger_registers_with_a_key_signs_in_and_the_training_begins(suite: Running) -> None:
    ward, offering = unit(suite, "WE"), {o["code"]: o["id"] for o in suite.every("/api/catalog/offerings")}["LIFTING"]
    profile = {"anonymous_registration": True, "key_field": True}
    assert suite.http.put(f"/api/directory/units/{ward}/profile", json=profile).is_success
    now = datetime.now(UTC)
    body: dict[str, Any] = {"name": "Strangers", "organisation_id": ward, "offering_id": offering, "access_days": 30}
    body |= {"starts": now.isoformat(), "expires": (now + timedelta(days=9)).isoformat(), "share_below": False}
    pool = f"/api/keys/pools/{until(lambda: _taken(suite, '/api/keys/pools', body))['result']['pool_id']}"
    suite.post(f"{pool}/keys", {"generate": 2})
    until(lambda: suite.get(pool)["keys"]["free"] == 2)
    exported = suite.http.post(f"{pool}/exports", json={"format": "csv"}).text.splitlines()
    key, other = [line.split(",")[0].strip('"') for line in exported[1:3]]
    told = {"first_name": "Nova", "last_name": "Stranger", "email": "nova@example.com", "country": "SE"}
    told |= {"password": "walk walk walk"}
    with httpx.Client(base_url=suite.url, timeout=60.0, headers={"Prefer": "wait=20"}) as stranger:
        registered = until(lambda: _registered(stranger, {**told, "key": key}))
        form = {"grant_type": "password", "username": registered["user_name"], "password": told["password"]}
        token = f"Bearer {stranger.post('/api/directory/token', data=form).json()['access_token']}"
        again = stranger.post("/api/keys/registrations", json={**told, "key": other})
        assert (again.status_code, again.json()["type"]) == (409, "urn:rollbook:problem:email-known")
        used = [stranger.post("/api/keys/registrations", json={**told, "key": k}) for k in (key, "NO-SUCH-KEY-2026")]
        assert {(answer.status_code, answer.content) for answer in used} == {(404, used[0].content)}
    until(lambda: suite.get(pool)["keys"]["redeemed"] == 1)
    assert suite.get(pool)["keys"]["free"] == 1
    learner = registered["person_id"]
    (enrollment,) = until(
        lambda: suite.get("/api/enrollment/enrollments", person_id=learner, offering_id=offering)["items"]
    )
    begun = suite.post(f"/api/enrollment/enrollments/{enrollment['id']}/begin", Authorization=token)
    assert begun["result"]["status"] == "in-progress"
    rows = until(lambda: [row for row in report(suite, type="key") if row["person_id"] == learner])
    assert [row["assignment_type_label"] for row in rows] == ["Training key"]
    assert not any("Stranger" in line or key in line for line in suite.said)


def _registered(stranger: httpx.Client, body: dict[str, Any]) -> Any:
    """The answer, once the service has heard of the organisation's settings."""
    answer = stranger.post("/api/keys/registrations", json=body)
    return answer.json() if answer.is_success else None


def _taken(suite: Running, path: str, body: dict[str, Any], token: str | None = None) -> Any:
    """The answer, once the service has heard of everything that it is about."""
    answer = suite.http.post(path, json=body, headers={"Authorization": token} if token else {})
    return answer.json() if answer.is_success else None


def _letters(suite: Running, to: str, subject: str) -> list[Any]:
    found = suite.get("/api/notifier/caught", person_id=to, limit=100)["items"]
    return [letter for letter in found if subject in letter["subject"]]


def signed_in(suite: Running, person_id: str, user_name: str) -> str:
    """A learner's token, with a password that was set for them."""
    answer = suite.http.put(f"/api/directory/people/{person_id}/password", json={"password": "walk walk walk"})
    assert answer.is_success, answer.text
    form = {"grant_type": "password", "username": user_name, "password": "walk walk walk"}
    answer = suite.http.post("/api/directory/token", data=form)
    assert answer.is_success, answer.text
    return f"Bearer {answer.json()['access_token']}"


@pytest.mark.feature("ASG-16", "ASG-15", "ASG-14")
def test_an_assignment_is_found_by_parts_of_the_name_and_cancelled_on_its_page(suite: Running) -> None:
    """As somebody without scripts does it: forms only, and no name in any address."""
    (fire,) = [one for one in suite.every("/api/catalog/offerings") if one["code"] == "FIRE-01"]
    walker = person(suite, "Walker21")
    people = {"offerings": [fire["id"]], "people": [walker]}
    position = suite.post("/api/enrollment/assignments", people)["position"]
    report(suite, at_least=position)  # the page shows what the report has taken
    own = {"Sec-Fetch-Site": "same-origin"}  # as a browser says of our own forms
    with httpx.Client(base_url=suite.url, follow_redirects=True, timeout=60.0, headers=own) as browser:
        browser.post("/sign-in", data={"user_name": USER, "password": PASSWORD})
        sought = {
            "first_name": "aD",
            "last_name": "WALKER21",
            "offering": fire["title"].upper(),
            "offering_id": fire["id"],
            "type": "individual",
        }
        page = browser.post("/admin/assignments", data={**sought, "status": "active", "created_from": "2026-01-01"})
        (link,) = re.findall(r'<td role="cell"><a href="(/admin/assignments/\d+)">Ada Walker21</a>', page.text)
        assert str(page.url).startswith(f"{suite.url}/admin/assignments?s=")
        assert "WALKER21" not in str(page.url)

        edit = browser.get(link).text
        assert '<option value="cancelled">Cancelled</option>' in edit
        last_day = re.search(r'name="access_until" type="date" value="([^"]+)"', edit)
        assert last_day
        earlier = (date.fromisoformat(last_day[1]) - timedelta(days=10)).isoformat()
        shorter = {"access_until": earlier, "key": keys(edit)[1]}
        assert f'<time datetime="{earlier}">' in browser.post(f"{link}/access", data=shorter).text

        cancelled = {"status": "cancelled", "reason": "By mistake.", "key": keys(edit)[0]}
        for _ in range(2):  # the button is pressed twice
            done = browser.post(f"{link}/status", data=cancelled)
            assert (done.status_code, 'value="Cancelled" readonly' in done.text) == (200, True)
        refused = browser.post(f"{link}/status", data={**cancelled, "key": str(uuid4())})
        assert (refused.status_code, 'role="alert"' in refused.text) == (404, True)
        again = browser.post("/admin/assignments", data={"last_name": "walker21", "status": "cancelled"})
        assert "Ada Walker21" in again.text
    (enrollment,) = suite.get("/api/enrollment/enrollments", person_id=walker, offering_id=fire["id"])["items"]
    assert enrollment["status"] == "cancelled"


def keys(page: str) -> list[str]:
    """What makes pressing a button twice one command: one for each form."""
    return re.findall(r'name="key" value="([^"]+)"', page)


PUBLIC = {
    "GET /api/directory/jwks",
    "GET /api/directory/sign-in-options",
    "POST /api/directory/password-resets",
    "POST /api/directory/password-resets/confirm",
    "POST /api/directory/registrations",
    "POST /api/directory/registrations/confirm",
    "POST /api/directory/sign-ins/{provider}",
    "POST /api/directory/sign-ins/{provider}/finish",
    "POST /api/directory/token",
    "POST /api/directory/token/revoke",
    "GET /api/enrollment/calendars/{secret}.ics",
    "GET /api/enrollment/certificates/{serial}",
    "POST /api/keys/registrations",
    "GET /api/keys/registrations/{registration_id}",
}
"""Operations that ask for no token."""
OWN = {
    "approvals.AccessRequested.v1",
    "approvals.StageOpened.v1",
    "approvals.DecisionsDelegated.v1",
    "approvals.DelegationEnded.v1",
}
"""What anybody may do for themselves, with whatever permission."""


def routes(suite: Running, known: dict[str, Any]) -> list[Usual]:
    """One request for each operation of each service."""
    found: list[Usual] = []
    for service in SERVICES:
        document = suite.get(f"/api/{service}/openapi.json")
        found += Requests(document, known).usual()
    return found


def answered(suite: Running, asked: Usual, token: str | None) -> httpx.Response:
    body = {} if asked.body is None else {"json": asked.body}
    return suite.http.request(asked.method, asked.address, headers={"Authorization": token or ""}, **body)


@pytest.mark.feature("SEC-3", "SEC-4")
@ONE_FEED
def test_every_route_refuses_whoever_has_no_token_or_a_forged_one(suite: Running) -> None:
    head = '{"alg":"none","kid":"x"}', json.dumps({"sub": str(uuid4()), "roles": [["site-administrator", None]]})
    unsigned = ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in head) + "."
    other = Issuer().token(uuid4(), [("site-administrator", None)])
    told: dict[str, set[int]] = {}
    for asked in routes(suite, {}):
        for token in (None, "Bearer x", f"Bearer {unsigned}", f"Bearer {other}"):
            told.setdefault(f"{asked.method} {asked.path}", set()).add(answered(suite, asked, token).status_code)
    assert len(told) > 180
    assert {route for route, statuses in told.items() if statuses != {401}} == PUBLIC


@pytest.mark.feature("SEC-1", "SEC-2", "SEC-4")
@ONE_FEED
def test_no_role_of_another_organisation_reads_or_changes_anything_here(suite: Running) -> None:
    """Every operation, with ids that there are, by whoever holds each role for an organisation without people."""
    framework = suite.post("/api/directory/frameworks", {"kind": "organisation", "name": "Far", "external_id": "FAR"})
    unit_body = {"framework_id": framework["result"]["framework_id"], "name": "Far away", "external_id": "FAR-1"}
    far = suite.post("/api/directory/units", unit_body)["result"]["unit_id"]
    walker = person(suite, "Walker3")
    known = real_ids(suite, walker)
    actors, told = [], {}
    for role in ROLES:
        name = f"far-{role}"
        body = {"first_name": "Far", "last_name": role, "email": f"{name}@example.com", "user_name": name}
        actor = suite.post("/api/directory/people", {**body, "home_organisation": far})["result"]["person_id"]
        suite.post(f"/api/directory/people/{actor}/roles", {"role": role, "organisation": far})
        token = signed_in(suite, actor, name)
        actors.append(actor)
        for asked in routes(suite, known):
            answer = answered(suite, asked, token)
            told[role, asked.method, asked.path] = answer.status_code
            assert answer.status_code < 500, (role, asked, answer.text)
            if answer.is_success:
                assert not re.search(r"walker\d", answer.text.lower()), (
                    role,
                    asked,
                    "so everybody of the walk is called",
                )
    assert len(told) > 180 * len(ROLES)
    assert sum(status in (403, 404) for status in told.values()) > len(told) / 2
    changed = [(service, type) for service in SERVICES for type in events_by(suite, service, actors)]
    assert {type for _, type in changed} - OWN - {"directory.FirstSignedIn.v1"} == set()


def events_by(suite: Running, service: str, actors: list[str]) -> set[str]:
    """The types of events that these people caused."""
    query = "SELECT DISTINCT type FROM events WHERE meta::jsonb ->> 'actor' = ANY(%s)"
    with psycopg.connect(EmbeddedPostgres(suite.data).conninfo(f"rollbook_{service}")) as conn:
        return {type for (type,) in conn.execute(query, [actors])}


def real_ids(suite: Running, walker: str) -> dict[str, Any]:
    """Of people, things and offerings of the walk, by the names that parameters and members have."""
    offering = {one["code"]: one["id"] for one in suite.every("/api/catalog/offerings")}["CERT-SAFETY"]
    enrollment = suite.every("/api/enrollment/enrollments", offering_id=offering)[0]
    pool = suite.every("/api/keys/pools")[0]["id"]
    ward = unit(suite, "WE")
    assignment = enrollment["assignments"][0] if enrollment["assignments"] else str(uuid4())
    known: dict[str, Any] = dict.fromkeys(("person_id", "person", "to"), walker)
    known |= dict.fromkeys(("unit_id", "organisation_id", "organisation", "home_organisation", "target_id"), ward)
    known |= {"people": [walker], "offering_id": offering, "offerings": [offering], "pool_id": pool}
    known |= {"enrollment_id": enrollment["id"], "assignment_id": assignment, "assignment_ids": [assignment]}
    known |= {"request_id": suite.every("/api/approvals/requests")[0]["id"]}
    known |= {"key_id": suite.every(f"/api/keys/pools/{pool}/keys")[0]["id"], "item_id": offering}
    return known


@pytest.mark.feature("DIR-12")
def test_8_names_are_in_the_profile_tables_and_in_no_event_log_or_other_table(suite: Running) -> None:
    server = EmbeddedPostgres(suite.data)
    holding = set()
    for service in SERVICES:
        with psycopg.connect(server.conninfo(f"rollbook_{service}")) as conn:
            query = (
                "SELECT format('%%I.%%I', schemaname, tablename), tablename FROM pg_tables WHERE schemaname = ANY(%s)"
            )
            for table, name in conn.execute(query, [["public", "rebuild"]]).fetchall():
                if _names_in(conn, table):
                    holding.add((service, name))
    assert holding == _MAY_HOLD_NAMES
    assert not any("alker7" in line for line in suite.said)


def _names_in(conn: psycopg.Connection[Any], table: str) -> bool:
    """Whether any row, bytes included, has the name or the address of Ada Walker7."""
    columns = conn.execute("SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0", [table])
    quoted = [f'"{column}"' for (column,) in columns if not str(column).startswith("........")]
    as_text = " || ".join(f"coalesce(encode(convert_to({c}::text, 'UTF8'), 'escape'), '')" for c in quoted)
    as_bytes = _decoded(conn, table)
    found = conn.execute(f"SELECT count(*) FROM {table} WHERE {as_text} ~* 'walker7' {as_bytes}".encode()).fetchone()
    return bool(found and found[0])


def _decoded(conn: psycopg.Connection[Any], table: str) -> str:
    """Bytes print as hexadecimal, so they are searched for the bytes of the name."""
    query = (
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND atttypid = 'bytea'::regtype"
    )
    columns = [column for (column,) in conn.execute(query, [table])]
    return " ".join(
        f"OR position('walker7'::bytea in \"{c}\") > 0 OR position('Walker7'::bytea in \"{c}\") > 0" for c in columns
    )
