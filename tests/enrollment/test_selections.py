"""Selections of any size: counted and assigned in parts, by jobs that go on where they were killed (ASG-4, ADM-5)."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from enrollment.client import MANAGER
from enrollment.harness import Harness, OpenHarness
from fastapi.testclient import TestClient

from services.directory.main import build as build_directory
from services.enrollment.application.previews.selections import Selections
from shared.contracts.directory import PersonDeactivated
from shared.database import Database, scalar
from shared.notification_choice import NOTIFICATIONS
from shared.settings import Settings

pytestmark = pytest.mark.feature("ASG-4", "ASG-9", "ADM-5")

SECRET = "between services"


class Directory:
    """A real one, of which enrollment asks who is selected; `down`: it does not answer; `told`: so many people in each answer."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.service = build_directory(Settings(database_url=database.conninfo, service_secret=SECRET))
        self.down = False
        self.told: list[int] = []

    def reached(self) -> httpx.Client:
        whole = TestClient(self.service.app, raise_server_exceptions=False)

        def answer(request: httpx.Request) -> httpx.Response:
            if self.down:
                raise httpx.ConnectError("no route")
            told = whole.request(request.method, str(request.url), content=request.content, headers=request.headers)
            if request.url.path.endswith("/people") and told.status_code == 200:
                self.told.append(len(told.json()["items"]))
            return told

        return httpx.Client(transport=httpx.MockTransport(answer), base_url="http://directory")

    def selected(self, by: UUID, people: list[UUID]) -> UUID:
        """A selection as the directory keeps it, of people whom only enrollment knows here."""
        id = uuid4()
        with self.database.connection() as conn:
            conn.execute("INSERT INTO selection (id, caller, total) VALUES (%s, %s, %s)", [id, by, len(people)])
            conn.execute("INSERT INTO selected_person SELECT %s, unnest(%s::uuid[])", [id, people])
        return id


@pytest.fixture
def directory(database: Callable[..., Database]) -> Iterator[Directory]:
    found = Directory(database("services.directory"))
    yield found
    found.service.close()


@pytest.fixture
def open_selecting(open_harness: OpenHarness, directory: Directory) -> Callable[..., Harness]:
    def opened(part: int) -> Harness:
        harness = open_harness(service_secret=SECRET, selection_part=part, worker_pause=0.001)
        services = harness.service.app.state.services[Selections]._services
        services.client.close()
        services.client = directory.reached()
        return harness

    return opened


def preview(http: TestClient, course: UUID, selection: UUID, **more: object) -> dict[str, Any]:
    headers = {"Idempotency-Key": str(more.pop("key"))} if "key" in more else {}
    body = {"action": "assign-people", "offerings": [str(course)], "selection_id": str(selection), **more}
    answer = http.post("/api/enrollment/previews", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def count(harness: Harness, query: str) -> int:
    with harness.database.connection() as conn:
        return scalar(conn, query, int)


def shown(harness: Harness, id: str) -> dict[str, Any]:
    found: dict[str, Any] = harness.http.get(f"/api/enrollment/previews/{id}").json()
    return found


def test_it_is_counted_in_parts_shows_how_far_and_does_what_it_showed(
    open_selecting: Callable[..., Harness], directory: Directory
) -> None:
    harness = open_selecting(4)
    course, people = harness.course(), harness.people(10)
    gone, unknown = harness.person(), uuid4()
    harness.tell(harness.directory, PersonDeactivated, gone, why="left")
    harness.settle()
    harness.enroll(people[0], course)
    selection = directory.selected(harness.administrator, [*people, gone, unknown])
    told = preview(harness.http, course, selection, without=[str(people[1])], key="once")
    assert (told["state"], told["selected"], told["enrolled"]) == ("counting", None, 0)
    assert preview(harness.http, course, selection, without=[str(people[1])], key="once")["id"] == told["id"]
    early = harness.http.post(f"/api/enrollment/previews/{told['id']}/confirm")
    assert (early.status_code, early.json()["type"]) == (409, "urn:rollbook:problem:counting")
    harness.worker.step()
    job = harness.http.get(f"/api/enrollment/jobs/{told['job']}").json()
    assert (job["kind"], job["state"], job["total"]) == ("preview", "running", 11)
    assert job["done"] == shown(harness, told["id"])["counted"] in (3, 4)
    harness.settle()
    ready = shown(harness, told["id"])
    assert (ready["state"], ready["counted"], ready["selected"]) == ("ready", 11, 11)
    assert (ready["people"], ready["enrolled"], ready["refused"]) == (8, 8, 3)
    assert ready["text"] == (
        "Adding these assignments will enrol 8 learners to this course except where they are enrolled already."
    )
    assert directory.told == [4, 4, 4]
    who = harness.http.get(f"/api/enrollment/previews/{told['id']}/learners?what=enrolled").json()["items"]
    assert {one["person_id"] for one in who} == {str(id) for id in people[2:]}
    note, hold = {"note": {"title": "Welcome"}}, {NOTIFICATIONS: "hold"}
    done = harness.http.post(f"/api/enrollment/previews/{told['id']}/confirm", json=note, headers=hold)
    assert done.status_code == 202, done.text
    harness.settle()
    assert harness.enrolled(course) == {*people} - {people[1]}
    job = harness.http.get(done.headers["Location"]).json()
    assert (job["state"], job["done"], job["total"], job["preview_id"]) == ("finished", 11, 11, told["id"])
    with harness.database.connection() as conn:
        query = "SELECT DISTINCT meta::jsonb ->> 'notifications' FROM events WHERE meta LIKE %s"
        assert conn.execute(query, [f"%{job['batch']}%"]).fetchall() == [("hold",)], "NTF-3"
    told = harness.http.get(f"/api/enrollment/history/person/{people[2]}").json()["items"]
    assert {(one["kind"], one["interface"]) for one in told} == {
        ("assignment-created", "api"),
        ("learner-assigned", "api"),
    }
    batch = harness.http.get(f"/api/enrollment/batches/{job['batch']}").json()
    assert {"what": "learners-assigned", "number": 8} in [
        {k: one[k] for k in ("what", "number")} for one in batch["did"]
    ], batch


@pytest.mark.feature("ASG-6")
def test_twenty_five_thousand_are_assigned_once_each_although_the_worker_is_killed_again_and_again(
    open_selecting: Callable[..., Harness], directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parts are small; after each third step the process forgets everything, once before it commits and once after."""
    harness = open_selecting(700)
    course, people = harness.course(), harness.people(25_000)
    harness.settle()
    selection = directory.selected(harness.administrator, people)
    told = preview(harness.http, course, selection)
    steps, killed = 0, 0
    while shown(harness, told["id"])["state"] == "counting":
        steps += 1
        if steps % 7 == 3:
            killed += _killed_before_commit(harness, monkeypatch)
        harness.worker.step()
    ready = shown(harness, told["id"])
    assert (ready["people"], ready["enrolled"], ready["counted"]) == (25_000, 25_000, 25_000)
    assert killed >= 4
    assert max(directory.told) == 700, "nothing ever has the whole selection"
    assert harness.http.post(f"/api/enrollment/previews/{told['id']}/confirm").status_code == 202
    harness.settle()
    assert count(harness, "SELECT count(*) FROM assignment WHERE type = 'individual' AND live") == 25_000
    assert count(harness, "SELECT count(DISTINCT target) FROM assignment") == 25_000
    assert count(harness, "SELECT count(*) FROM enrollment") == 25_000


def _killed_before_commit(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> int:
    """Everything of a step was done, and nothing of it was committed."""

    class Killed(BaseException):
        pass

    def dies(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("services.enrollment.application.previews.counting.jobs.advance", dies)
        with pytest.raises(Killed):
            harness.worker.step()
    return 1


def test_a_part_that_was_assigned_and_not_noted_is_not_assigned_twice(
    open_selecting: Callable[..., Harness], directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness = open_selecting(2)
    course, people = harness.course(), harness.people(5)
    harness.settle()
    told = preview(harness.http, course, directory.selected(harness.administrator, people))
    harness.settle()
    key = {"Idempotency-Key": str(uuid4())}
    begun = [harness.http.post(f"/api/enrollment/previews/{told['id']}/confirm", headers=key).json() for _ in "12"]
    assert begun[0] == begun[1]
    for _ in range(4):
        harness.worker.step()  # three parts are looked at again, and the end of them
    _killed_before_commit(harness, monkeypatch)
    assert count(harness, "SELECT count(*) FROM assignment") == 2
    harness.settle()
    assert count(harness, "SELECT count(*) FROM assignment") == 5
    assert harness.enrolled(course) == set(people)
    again = harness.http.post(f"/api/enrollment/previews/{told['id']}/confirm")
    harness.settle()
    assert harness.http.get(again.headers["Location"]).json()["result"] == {"outdated": told["id"]}
    assert count(harness, "SELECT count(*) FROM assignment") == 5


def test_nothing_is_done_where_the_facts_have_changed_and_the_preview_is_counted_again(
    open_selecting: Callable[..., Harness], directory: Directory
) -> None:
    harness = open_selecting(2)
    course, people = harness.course(), harness.people(5)
    harness.settle()
    told = preview(harness.http, course, directory.selected(harness.administrator, people))
    harness.settle()
    harness.tell(harness.directory, PersonDeactivated, people[4], why="left")
    harness.settle()
    done = harness.http.post(f"/api/enrollment/previews/{told['id']}/confirm")
    harness.settle()
    assert harness.enrolled(course) == set()
    job = harness.http.get(done.headers["Location"]).json()
    assert (job["state"], job["result"]) == ("finished", {"outdated": told["id"]})
    again = shown(harness, told["id"])
    assert (again["state"], again["people"], again["refused"], again["counted"]) == ("ready", 4, 1, 5)
    harness.http.post(f"/api/enrollment/previews/{told['id']}/confirm")
    harness.settle()
    assert harness.enrolled(course) == set(people[:4])


def test_a_directory_that_does_not_answer_is_asked_again_and_an_ended_selection_is_told(
    open_selecting: Callable[..., Harness], directory: Directory
) -> None:
    harness = open_selecting(2)
    course, people = harness.course(), harness.people(3)
    harness.settle()
    selection = directory.selected(harness.administrator, people)
    told = preview(harness.http, course, selection)
    directory.down = True
    for _ in range(3):
        assert harness.worker.step()
    assert shown(harness, told["id"])["state"] == "counting"
    directory.down = False
    harness.settle()
    assert shown(harness, told["id"])["enrolled"] == 3
    with directory.database.connection() as conn:
        conn.execute("UPDATE selection SET counted_at = now() - interval '2 hours'")
    late = preview(harness.http, course, selection)
    harness.settle()
    ended = shown(harness, late["id"])
    assert (ended["state"], ended["refusal"]) == (
        "refused",
        "The selection has ended, or it is not yours. Select again.",
    )
    job = harness.http.get(f"/api/enrollment/jobs/{late['job']}").json()
    assert (job["state"], job["error"]) == ("failed", ended["refusal"])
    assert harness.http.post(f"/api/enrollment/previews/{late['id']}/confirm").status_code == 409


@pytest.mark.feature("SEC-2")
def test_a_selection_of_somebody_else_and_people_outside_the_own_organisations_are_not_reached(
    open_selecting: Callable[..., Harness], directory: Directory
) -> None:
    harness = open_selecting(10)
    course, north, south = harness.course(), harness.unit("North"), harness.unit("South")
    (inside,), (outside,) = harness.people(1, north), harness.people(1, south)
    harness.settle()
    manager = uuid4()
    of_north = harness.client(manager, (MANAGER, north))
    stolen = preview(of_north, course, directory.selected(harness.administrator, [inside]))
    own = preview(of_north, course, directory.selected(manager, [inside, outside]))
    harness.settle()
    assert of_north.get(f"/api/enrollment/previews/{stolen['id']}").json()["state"] == "refused"
    told = of_north.get(f"/api/enrollment/previews/{own['id']}").json()
    assert (told["people"], told["refused"]) == (1, 1)
    assert of_north.post(f"/api/enrollment/previews/{own['id']}/confirm").status_code == 202
    harness.settle()
    assert harness.enrolled(course) == {inside}


def test_people_and_a_selection_at_once_or_neither_is_refused(harness: Harness) -> None:
    course = harness.course()
    harness.settle()
    body = {"action": "assign-people", "offerings": [str(course)]}
    assert harness.http.post("/api/enrollment/previews", json=body).status_code == 422
    both = {**body, "people": [str(uuid4())], "selection_id": str(uuid4())}
    assert harness.http.post("/api/enrollment/previews", json=both).status_code == 422
    alone = harness.http.post("/api/enrollment/previews", json={**body, "selection_id": str(uuid4())})
    assert (alone.status_code, alone.json()["type"]) == (503, "urn:rollbook:problem:selections-not-set-up")
