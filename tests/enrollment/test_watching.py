"""What waits for administrators and what is under way: jobs as a list, and the numbers of the start page (ADM-4, ADM-5)."""

from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from enrollment.client import MANAGER
from enrollment.harness import Harness, OpenHarness
from fastapi.testclient import TestClient

from shared.contracts import catalog, directory

TODAY = date(2027, 3, 1)
JOBS = "/api/enrollment/jobs"


def started(harness: Harness, offering: UUID, organisation: UUID, by: TestClient | None = None) -> str:
    """An assignment whose job nobody has worked on yet."""
    http = by or harness.http
    target = {"type": "organisation", "target_id": str(organisation), "include_below": True}
    body = {"action": "assign", "offering_id": str(offering), "targets": [target], "allow_empty": True}
    preview = http.post("/api/enrollment/previews", json=body)
    assert preview.status_code == 201, preview.text
    answer = http.post(f"/api/enrollment/previews/{preview.json()['id']}/confirm")
    assert answer.status_code == 202, answer.text
    return str(answer.json()["result"]["jobs"][0])


def ids(http: TestClient, **query: str) -> list[str]:
    return [one["id"] for one in http.get(JOBS, params=query).json()["items"]]


@pytest.mark.feature("ADM-5")
def test_a_job_tells_what_it_is_about_who_started_it_and_how_far_it_is(harness: Harness) -> None:
    north, course = harness.unit("North"), harness.course("Welding")
    harness.people(3, north)
    harness.settle()
    job = started(harness, course, north)
    waiting = harness.http.get(f"{JOBS}/{job}").json()
    assert (waiting["kind"], waiting["state"], waiting["done"], waiting["total"]) == ("expansion", "waiting", 0, None)
    assert (waiting["offering_id"], waiting["offering_title"]) == (str(course), "Welding")
    assert waiting["started_by"] == str(harness.administrator)
    assert (waiting["assignments"], waiting["targets"]) == (1, [{"type": "organisation", "name": "North"}])
    assert ids(harness.http, state="open") == [job]
    harness.settle()
    done = harness.http.get(f"{JOBS}/{job}").json()
    assert (done["state"], done["done"], done["total"]) == ("finished", 3, 3)
    assert (ids(harness.http, state="open"), ids(harness.http, state="finished")[0]) == ([], job)


@pytest.mark.feature("ADM-5")
def test_jobs_are_listed_newest_first_page_by_page_and_of_a_trigger_by_its_name(harness: Harness) -> None:
    course = harness.course("Welding")
    trigger = harness.trigger("New people", {"kind": "created"}, offering_id=course)
    north, courses = harness.unit("North"), [harness.course(title) for title in ("One", "Two")]
    harness.settle()
    later = [started(harness, one, north) for one in courses]
    first = harness.http.get(JOBS, params={"limit": "1"}).json()
    assert [one["id"] for one in first["items"]] == later[1:]
    second = harness.http.get(JOBS, params={"limit": "1", "cursor": first["next"]}).json()
    assert [one["id"] for one in second["items"]] == later[:1]
    rest = harness.http.get(JOBS, params={"cursor": second["next"]}).json()["items"]
    assert [(one["trigger_id"], one["trigger_name"]) for one in rest if one["kind"] == "trigger"] == [
        (trigger, "New people")
    ]


@pytest.mark.feature("ADM-5", "SEC-2")
def test_a_job_is_listed_for_who_started_it_or_may_see_all_of_it(harness: Harness) -> None:
    north, south = harness.unit("North"), harness.unit("South")
    course, second, third = (harness.course() for _ in range(3))
    harness.people(2, north)
    harness.settle()
    me = uuid4()
    mine = harness.client(me, (MANAGER, north))
    own = started(harness, course, north, mine)
    other = started(harness, second, south)
    within = started(harness, third, north)
    assert set(ids(mine)) == {own, within}
    assert (ids(mine, mine="true"), ids(mine, mine="false")) == ([own], [within])
    assert set(ids(harness.client(uuid4(), ("auditor", None)))) >= {own, other, within}
    assert set(ids(harness.client(uuid4(), (MANAGER, south)))) == {other}
    assert harness.client(uuid4(), (MANAGER, south)).get(f"{JOBS}/{own}").status_code == 404


def counts(http: TestClient) -> dict[str, object]:
    found: dict[str, object] = http.get("/api/enrollment/counts").json()
    return found


@pytest.mark.feature("ADM-4", "SEC-2")
def test_what_waits_is_counted_in_the_scope_of_whoever_asks(open_harness: OpenHarness) -> None:
    harness = open_harness(breaker_learners=2, breaker_share=0.1, breaker_minimum=2)
    harness.on(TODAY)
    north, south = harness.unit("North"), harness.unit("South")
    course = harness.course("Welding", 1, minimum_minutes=7 * 24 * 60)
    second, third = harness.course(), harness.course()
    ann, bob = harness.person(north), harness.person(south)
    everybody = harness.people(4)
    harness.settle()
    soon = {"kind": "fixed", "on": (TODAY + timedelta(days=2)).isoformat()}
    held = [harness.enroll(person, course, due=soon) for person in (ann, bob)]
    nothing: dict[str, object] = {"exceptions": 0, "set_aside": 0, "completions": 0, "held_changes": 0, "jobs": 0}
    assert counts(harness.http) == {**nothing, "exceptions": 2}
    assert counts(harness.client(uuid4(), (MANAGER, north))) == {**nothing, "exceptions": 1, "held_changes": None}
    harness.did(held[0], "exception", resolution="dismissed")
    assert counts(harness.http) == {**nothing, "exceptions": 1, "set_aside": 1}
    harness.assign(second, "organisation", north)
    batch = uuid4()
    for person in everybody:
        harness.tell(harness.directory, directory.PersonMoved, person, batch=batch, home_organisation=north)
    harness.settle()
    started(harness, third, south)
    assert counts(harness.http) == {**nothing, "exceptions": 1, "set_aside": 1, "held_changes": 1, "jobs": 1}
    assert harness.client(uuid4(), ("learner", None)).get("/api/enrollment/counts").status_code == 403


@pytest.mark.feature("ADM-4", "ENR-5")
def test_completions_are_counted_for_who_may_review_them(harness: Harness) -> None:
    course, ann = harness.course("Welding", 1), harness.person()
    harness.tell(harness.catalog, catalog.CompletionReviewSwitched, course, review=True)
    harness.settle()
    harness.did(harness.enroll(ann, course), "steps/1/complete", harness.client(ann))
    assert counts(harness.http)["completions"] == 1
    assert counts(harness.client(uuid4(), ("auditor", None)))["completions"] == 0


@pytest.mark.feature("TRG-1")
def test_a_trigger_tells_what_its_condition_and_what_it_assigns_are_called(harness: Harness) -> None:
    north, course, role = harness.unit("North"), harness.course("Welding"), harness.job_role("Welder")
    audience, done = harness.audience(name="First aiders"), harness.course("Basics")
    conditions = [("organisation", north), ("audience", audience), ("job-role", role), ("completion", done)]
    for kind, target in conditions:
        harness.trigger(kind, {"kind": kind, "target_id": str(target)}, offering_id=course)
    harness.trigger("created", {"kind": "created"}, job_role_id=role)
    items = harness.http.get("/api/enrollment/triggers").json()["items"]
    assert [one["target_name"] for one in items] == ["North", "First aiders", "Welder", "Basics", None]
    assert [(one["offering_title"], one["offering_kind"], one["job_role_name"]) for one in items] == [
        ("Welding", "course", None)
    ] * 4 + [(None, None, "Welder")]


@pytest.mark.feature("ADM-4", "RPT-1", "SEC-2")
def test_the_learners_of_ones_organisations_are_counted(harness: Harness) -> None:
    harness.on(TODAY)
    north, south = harness.unit("North"), harness.unit("South")
    course, welding = harness.course(), harness.course("Welding")
    ann, bob, cia = harness.person(north), harness.person(north), harness.person(south)
    gone = harness.person(north)
    harness.settle()
    soon = {"kind": "fixed", "on": (TODAY + timedelta(days=14)).isoformat()}
    late = {"kind": "fixed", "on": (TODAY + timedelta(days=15)).isoformat()}
    for person, due in ((ann, soon), (bob, late), (cia, soon), (gone, soon)):
        harness.enroll(person, course, due=due)
    harness.enroll(ann, welding)
    harness.tell(harness.directory, directory.PersonDeactivated, gone, why="left")
    harness.settle()
    seen = harness.client(uuid4(), (MANAGER, north)).get("/api/enrollment/overview").json()
    nothing: dict[str, object] = {"day": TODAY.isoformat(), "overdue": 0, "due_soon": 0, "certified": 0, "expiring": 0}
    assert seen == {**nothing, "assigned": 3, "due_soon": 1}
    assert harness.http.get("/api/enrollment/overview").json() == {**nothing, "assigned": 4, "due_soon": 2}
    tomorrow = TODAY + timedelta(days=15)
    harness.on(tomorrow)
    later = harness.http.get("/api/enrollment/overview").json()
    assert (later["day"], later["overdue"], later["due_soon"]) == (tomorrow.isoformat(), 2, 1)
    assert harness.client(uuid4(), ("learner", None)).get("/api/enrollment/overview").status_code == 403


@pytest.mark.feature("ADM-4")
def test_certifications_of_this_month_and_those_that_expire_soon_are_counted(harness: Harness) -> None:
    harness.on(TODAY)
    certification, ann, bob = harness.certification(), harness.person(), harness.person()
    harness.settle()
    for person in (ann, bob):
        harness.enroll(person, certification)
    with harness.database.connection() as conn:
        changed = "UPDATE enrollment SET completed_at = %s, valid_until = %s WHERE person = %s"
        conn.execute(changed, [TODAY, TODAY + timedelta(days=60), ann])
        conn.execute(changed, [TODAY - timedelta(days=40), TODAY + timedelta(days=61), bob])
    seen = harness.http.get("/api/enrollment/overview").json()
    assert (seen["assigned"], seen["certified"], seen["expiring"]) == (2, 1, 1)
