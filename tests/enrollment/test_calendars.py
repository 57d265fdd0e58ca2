"""Due dates as an iCalendar feed at a private address (NTF-8)."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from enrollment.harness import Harness, OpenHarness
from fastapi.testclient import TestClient
from icalendar import Calendar
from psycopg import OperationalError

from shared.contracts import catalog, directory
from shared.store import RetentionWorker

pytestmark = pytest.mark.feature("NTF-8")

MOMENT = datetime(2027, 1, 31, 20, 0, tzinfo=UTC)
"""1 February, 9:00, in Auckland."""
ADDRESS = "/api/enrollment/calendar-address"
WORLD = [
    "Erste Hilfe; Brandschutz, Teil 1\\2",
    "消防安全与急救" * 12,
    "السلامة من الحرائق",
    "कार्यस्थल सुरक्षा " * 8,
    "Sécurité 👩🏽‍🚒 " * 9,
    "BEGIN:VEVENT END:VCALENDAR",
]


@pytest.fixture
def ann(harness: Harness) -> UUID:
    harness.on(MOMENT)
    unit = harness.unit("Auckland")
    harness.profile(unit, time_zone="Pacific/Auckland")
    return harness.person(unit)


def on(day: str, time: str | None = None) -> dict[str, object]:
    return {"kind": "fixed", "on": day, **({"time": time} if time else {})}


def make(harness: Harness, person: UUID, **body: object) -> str:
    """A new address, without the host."""
    harness.settle()
    made = harness.client(person).post(ADDRESS, json=body)
    assert made.status_code == 201, made.text
    address = made.json()["address"]
    assert address.startswith("http://127.0.0.1:8000/api/enrollment/calendars/")
    return str(address).removeprefix("http://127.0.0.1:8000")


def program(harness: Harness, host: str = "198.51.100.7") -> TestClient:
    """A calendar program: nobody's token."""
    return TestClient(harness.service.app, client=(host, 50_000))


def read(harness: Harness, address: str, **headers: str) -> Any:
    return program(harness).get(address, headers=headers)


def events(harness: Harness, address: str) -> dict[str, Any]:
    """By title."""
    answer = read(harness, address)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    found = Calendar.from_ical(answer.content).walk("VEVENT")
    return {str(one["SUMMARY"]).removeprefix("Due: "): one for one in found}


def set_due(harness: Harness, enrollment: str, day: str, time: str | None = None) -> None:
    body = {"due_on": day, "due_at": time, "reason": "Agreed"}
    answer = harness.http.put(f"/api/enrollment/enrollments/{enrollment}/due", json=body)
    assert answer.status_code == 200, answer.text
    harness.settle()


def test_a_day_is_all_day_and_a_time_is_one_of_the_learners_zone(harness: Harness, ann: UUID) -> None:
    whole, timed, never = harness.course("Whole day", 2), harness.course("Timed", 2), harness.course("Never due", 2)
    harness.settle()
    id = harness.enroll(ann, whole, due=on("2027-03-01"))
    harness.enroll(ann, timed, due=on("2027-07-01", "17:00"))
    harness.enroll(ann, never)
    address = make(harness, ann)
    found = events(harness, address)
    assert set(found) == {"Whole day", "Timed"}
    assert (found["Whole day"]["UID"], found["Whole day"].start, found["Whole day"]["SEQUENCE"]) == (
        id,
        date(2027, 3, 1),
        0,
    )
    assert found["Whole day"]["URL"] == f"http://127.0.0.1:8000/offerings/{whole}"
    assert found["Timed"].start.isoformat() == "2027-07-01T17:00:00+12:00"
    text = read(harness, address).text
    assert "DTSTART;VALUE=DATE:20270301\r\n" in text
    assert "DTSTART;TZID=Pacific/Auckland:20270701T170000\r\n" in text
    (zone,) = Calendar.from_ical(text).walk("VTIMEZONE")
    summer, winter = datetime(2027, 2, 1, 12), datetime(2027, 7, 1, 12)
    assert [str(zone.to_tz(lookup_tzid=False).utcoffset(one)) for one in (summer, winter)] == ["13:00:00", "12:00:00"]


def test_titles_of_the_whole_world_come_back_whole_in_lines_of_75_bytes(harness: Harness, ann: UUID) -> None:
    ids = [harness.course(title.strip(), 2, code=f"C{n}") for n, title in enumerate(WORLD)]
    harness.settle()
    for id in ids:
        harness.enroll(ann, id, due=on("2027-03-01"))
    address = make(harness, ann)
    assert set(events(harness, address)) == {title.strip() for title in WORLD}
    lines = read(harness, address).content.split(b"\r\n")
    assert max(len(line) for line in lines) <= 75
    assert len([line for line in lines if line.startswith(b" ")]) > 20
    assert [line for line in lines if "\ufffd" in line.decode(errors="replace")] == [], "a character was cut in two"
    assert lines.count(b"BEGIN:VEVENT") == len(WORLD)


def test_a_changed_date_changes_the_entry_and_nothing_else_does(harness: Harness, ann: UUID) -> None:
    course, other = harness.course("Yoga", 2), harness.course("Other", 2)
    harness.settle()
    id = harness.enroll(ann, course, due=on("2027-03-01"))
    harness.enroll(ann, other, due=on("2027-04-01"))
    address = make(harness, ann)
    first = read(harness, address)
    assert first.headers["Cache-Control"] == "private, no-cache"
    with harness.database.connection() as conn:
        conn.execute("UPDATE calendar_entry SET changed_at = '2026-01-01 12:00Z'")
    second = read(harness, address)
    same = read(harness, address, **{"If-None-Match": f'"other", W/{second.headers["ETag"]}'})
    assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", second.headers["ETag"])
    harness.begin(ann, course)
    assert read(harness, address).content == second.content
    set_due(harness, id, "2027-05-01", "09:30")
    changed = read(harness, address, **{"If-None-Match": second.headers["ETag"]})
    assert changed.status_code == 200
    found = events(harness, address)
    assert {title: (str(one["UID"]) == id, one["SEQUENCE"]) for title, one in found.items()} == {
        "Yoga": (True, 1),
        "Other": (False, 0),
    }
    assert found["Yoga"]["LAST-MODIFIED"].dt > found["Other"]["LAST-MODIFIED"].dt
    harness.tell(
        harness.catalog,
        catalog.CourseDescribed,
        course,
        code="Yoga",
        title="Yoga for all",
        description="",
        activities=[{"kind": "content", "title": "Part"}],
        minimum_minutes=10,
        access_days=None,
        certificate=None,
        badge=None,
        price=None,
    )
    harness.settle()
    assert events(harness, address)["Yoga for all"]["SEQUENCE"] == 2


def test_another_zone_of_the_organisation_changes_times_and_no_days(harness: Harness, ann: UUID) -> None:
    whole, timed = harness.course("Whole day", 2), harness.course("Timed", 2)
    harness.settle()
    harness.enroll(ann, whole, due=on("2027-03-01"))
    harness.enroll(ann, timed, due=on("2027-07-01", "17:00"))
    address = make(harness, ann)
    events(harness, address)
    lima = harness.unit("Lima")
    harness.profile(lima, time_zone="America/Lima")
    harness.move(ann, lima)
    harness.settle()
    found = events(harness, address)
    assert (found["Timed"].start.isoformat(), found["Timed"]["SEQUENCE"]) == ("2027-07-01T17:00:00-05:00", 1)
    assert (found["Whole day"].start, found["Whole day"]["SEQUENCE"]) == (date(2027, 3, 1), 0)


def test_dates_far_away_and_times_that_clocks_leave_out_or_have_twice_can_be_read(harness: Harness, ann: UUID) -> None:
    """In Auckland clocks go back on 4 April 2027 at 3:00, and forward on 26 September at 2:00."""
    dates = {
        "Twice": ("2027-04-04", "02:30"),
        "Never": ("2027-09-26", "02:30"),
        "Beyond": ("2150-07-01", "12:00"),
        "Last": ("2999-12-31", None),
    }
    courses = {title: harness.course(title, 2) for title in dates}
    harness.settle()
    for title, (day, time) in dates.items():
        harness.enroll(ann, courses[title], due=on(day, time))
    address = make(harness, ann)
    assert list(events(harness, address)) == ["Twice", "Never", "Beyond", "Last"]
    text = read(harness, address).text
    starts = [line.partition(":")[2] for line in text.split("\r\n") if line.startswith("DTSTART;")]
    assert starts == ["20270404T023000", "20270926T023000", "21500701T120000", "29991231"]
    assert text.count("BEGIN:VTIMEZONE") == 1


def test_a_program_that_asks_for_the_head_first_is_answered(harness: Harness, ann: UUID) -> None:
    address = make(harness, ann)
    head, whole = program(harness).head(address), read(harness, address)
    assert (head.status_code, head.headers["ETag"]) == (200, whole.headers["ETag"])
    assert program(harness).head(f"/api/enrollment/calendars/{'0' * 32}.ics").status_code == 404


def test_who_asks_when_the_database_does_not_answer_is_told_to_come_again(
    harness: Harness, ann: UUID, capfd: pytest.CaptureFixture[str]
) -> None:
    address = make(harness, ann)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("services.enrollment.projections.calendars.find", _down)
        answer = read(harness, address)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    logged = capfd.readouterr()
    assert "the database is down" in logged.out + logged.err
    assert address.rpartition("/")[2].removesuffix(".ics") not in logged.out + logged.err
    assert read(harness, address).status_code == 200


def _down(*_: object) -> None:
    raise OperationalError("the server closed the connection")


def test_what_is_finished_or_over_is_gone(harness: Harness, ann: UUID) -> None:
    done, over, left = (harness.course(title, 2) for title in ("Done", "Over", "Left"))
    harness.settle()
    for course in (done, over, left):
        harness.enroll(ann, course, due=on("2027-03-01"))
    address = make(harness, ann)
    assert set(events(harness, address)) == {"Done", "Over", "Left"}
    body = {"person_id": str(ann), "offering_id": str(done), "completed_on": "2026-11-20"}
    assert harness.http.post("/api/enrollment/completions", json=body).status_code == 201
    (held,) = harness.enrollments(person_id=ann, offering_id=over)
    harness.remove(UUID(held["assignments"][0]))  # type: ignore[index]
    assert set(events(harness, address)) == {"Left"}


def test_the_address_is_told_once_and_kept_nowhere(
    harness: Harness, ann: UUID, capfd: pytest.CaptureFixture[str]
) -> None:
    harness.settle()
    client, key = harness.client(ann), {"Idempotency-Key": "one"}
    assert client.get(ADDRESS).json() == {"made_at": None}
    made = client.post(ADDRESS, json={}, headers=key)
    secret = re.fullmatch(r"http://.*/calendars/([0-9a-f]{32})\.ics", made.json()["address"])
    assert secret
    again = client.post(ADDRESS, json={}, headers=key)
    assert (again.status_code, again.json()) == (201, {**made.json(), "address": None})
    assert client.get(ADDRESS).json()["made_at"] is not None
    assert events(harness, f"/api/enrollment/calendars/{secret[1]}.ics") == {}
    assert "CalendarAddress" not in str(harness.told())
    with harness.database.connection() as conn:
        tables = [str(name) for (name,) in conn.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        rows = [str(row) for table in tables for row in conn.execute(f'SELECT t::text FROM "{table}" t'.encode())]
    assert len(rows) > 10
    assert not [row for row in rows if secret[1] in row]
    metrics = client.get("/api/enrollment/metrics").text
    assert "rollbook_http_seconds" in metrics
    assert secret[1] not in metrics
    captured = capfd.readouterr()
    assert secret[1] not in captured.out + captured.err


def test_a_request_that_crashes_does_not_log_the_address(
    harness: Harness, ann: UUID, capfd: pytest.CaptureFixture[str]
) -> None:
    address = make(harness, ann)
    with harness.database.connection() as conn:
        conn.execute("ALTER TABLE calendar_entry RENAME TO elsewhere")
    answer = TestClient(harness.service.app, raise_server_exceptions=False).get(address)
    assert answer.status_code == 500
    logged = capfd.readouterr()
    assert "a request crashed" in logged.out + logged.err
    assert "/api/enrollment/calendars/***.ics" in logged.out + logged.err
    assert address.rpartition("/")[2].removesuffix(".ics") not in logged.out + logged.err


def test_replaced_and_ended_addresses_are_like_those_that_never_were(harness: Harness, ann: UUID) -> None:
    first = make(harness, ann)
    second = make(harness, ann)
    unknown = f"/api/enrollment/calendars/{'0' * 32}.ics"
    refusals = [read(harness, address) for address in (first, unknown)]
    assert read(harness, second).status_code == 200
    ended = harness.client(ann).delete(ADDRESS, headers={"Idempotency-Key": "end"})
    assert ended.status_code == 200
    assert harness.client(ann).delete(ADDRESS, headers={"Idempotency-Key": "end"}).json() == ended.json()
    assert harness.client(ann).get(ADDRESS).json() == {"made_at": None}
    refusals.append(read(harness, second))
    assert [one.status_code for one in refusals] == [404] * 3
    told = [{**one.json(), "instance": None} for one in refusals]
    assert told[0] == told[1] == told[2]
    assert make(harness, ann) not in (first, second)


def test_who_has_left_has_no_calendar_until_coming_back(harness: Harness, ann: UUID) -> None:
    address = make(harness, ann)
    harness.tell(harness.directory, directory.PersonDeactivated, ann, why="left")
    harness.settle()
    assert read(harness, address).status_code == 404
    refused = harness.client(ann).post(ADDRESS, json={})
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:rollbook:problem:inactive")
    harness.tell(harness.directory, directory.PersonReactivated, ann)
    harness.settle()
    assert read(harness, address).status_code == 200


def test_each_learner_has_the_own_dates_only(harness: Harness, ann: UUID) -> None:
    course, bob = harness.course("Yoga", 2), harness.person()
    harness.settle()
    harness.enroll(ann, course, due=on("2027-03-01"))
    assert events(harness, make(harness, bob)) == {}
    assert set(events(harness, make(harness, ann))) == {"Yoga"}
    assert TestClient(harness.service.app).post(ADDRESS, json={}).status_code == 401


def test_two_who_make_one_at_a_moment_leave_one_that_holds(harness: Harness, ann: UUID) -> None:
    harness.settle()
    with ThreadPoolExecutor(6) as threads:
        made = list(threads.map(lambda _: harness.client(ann).post(ADDRESS, json={}), range(6)))
    assert {one.status_code for one in made} == {201}
    paths = [one.json()["address"].removeprefix("http://127.0.0.1:8000") for one in made]
    assert sorted(read(harness, path).status_code for path in paths) == [200, *[404] * 5]


def test_guessing_is_limited_by_address_and_an_ended_address_is_no_guess(open_harness: OpenHarness) -> None:
    harness = open_harness(attempts_per_address=3)
    ann = harness.person()
    ended, good = make(harness, ann), make(harness, ann)
    assert [read(harness, ended).status_code for _ in range(6)] == [404] * 6
    assert [read(harness, good).status_code for _ in range(6)] == [200] * 6
    guesses = [read(harness, f"/api/enrollment/calendars/{n:032x}.ics") for n in range(4)]
    assert [one.status_code for one in guesses] == [404, 404, 404, 429]
    assert int(guesses[-1].headers["Retry-After"]) > 0
    assert program(harness, "203.0.113.9").get(good).status_code == 200


def test_the_nearest_dates_are_shown_up_to_the_limit(open_harness: OpenHarness) -> None:
    harness = open_harness(calendar_entries=2, calendar_refresh_hours=12)
    harness.on(datetime(2026, 12, 1, tzinfo=UTC))
    ann = harness.person()
    days = {"Far": "2029-01-01", "Overdue": "2027-01-28", "Long ago": "2026-12-05", "Soon": "2027-02-03"}
    courses = {title: harness.course(title, 2) for title in days}
    harness.settle()
    for title, course in courses.items():
        harness.enroll(ann, course, due=on(days[title]))
    harness.on(MOMENT)
    address = make(harness, ann)
    assert list(events(harness, address)) == ["Overdue", "Soon"]
    assert "REFRESH-INTERVAL;VALUE=DURATION:PT12H\r\n" in read(harness, address).text


def test_its_words_are_german_where_the_address_was_made_so(harness: Harness, ann: UUID) -> None:
    course = harness.course("Yoga", 2)
    harness.settle()
    harness.enroll(ann, course, due=on("2027-03-01"))
    german = read(harness, make(harness, ann, language="de-CH")).text
    assert "SUMMARY:Fällig: Yoga\r\n" in german
    assert "X-WR-CALNAME:Fristen meiner Schulungen\r\n" in german
    assert "SUMMARY:Due: Yoga\r\n" in read(harness, make(harness, ann, language="fr")).text


def test_ended_addresses_are_forgotten_after_the_set_time(harness: Harness, ann: UUID) -> None:
    make(harness, ann)
    good = make(harness, ann)
    forgetting = next(worker for worker in harness.service.workers if isinstance(worker, RetentionWorker))
    assert forgetting.step()["ended calendar addresses"] == 0
    with harness.database.connection() as conn:
        conn.execute("UPDATE calendar_address SET ended_at = now() - interval '31 days' WHERE ended_at IS NOT NULL")
    assert forgetting.step()["ended calendar addresses"] == 1
    assert read(harness, good).status_code == 200
