"""The membership report over HTTP: columns, filters, sort, pages, permission, waiting, CSV."""

import base64
import csv
import io
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from reporting.harness import MEMBERSHIP, Harness

from services.reporting.main import replay
from shared.contracts import directory, enrollment


@pytest.mark.feature("RPT-1")
def test_a_learner_with_two_assignments_has_one_row_for_each(harness: Harness) -> None:
    home = harness.unit("Head office")
    ada, course = harness.person("Ada Lovelace", home), harness.course("Fire safety")
    assignments = {harness.assignment(course), harness.assignment(course)}
    for assignment in assignments:
        harness.enrol(ada, offering=course, assignment=assignment)
    harness.tell(harness.enrollment, harness.about(enrollment.TrainingBegun, ada, course, term=1))
    harness.settle()

    rows = harness.rows()

    assert {UUID(row["assignment_id"]) for row in rows} == assignments
    for row in rows:
        assert (row["first_name"], row["last_name"], row["active"]) == ("Ada", "Lovelace", True)
        assert (row["offering_title"], row["offering_kind"]) == ("Fire safety", "course")
        assert (row["home_organisation"], row["state"], row["term"]) == ("Head office", "in-progress", 1)


@pytest.mark.feature("RPT-1")
def test_a_learner_who_is_unassigned_leaves_the_report_and_the_other_assignment_stays(harness: Harness) -> None:
    ada, course = harness.person(), harness.course()
    first, second = harness.assignment(course), harness.assignment(course)
    harness.enrol(ada, offering=course, assignment=first)
    harness.enrol(ada, offering=course, assignment=second)
    harness.settle()
    harness.tell(harness.enrollment, harness.unassigned(ada, course, first))
    harness.settle()

    assert [row["assignment_id"] for row in harness.rows()] == [str(second)]


@pytest.mark.feature("RPT-1", "ASG-20")
def test_an_assignment_whose_removal_was_undone_is_reported_again_with_one_row_for_each_learner(
    harness: Harness,
) -> None:
    ada, course = harness.person(), harness.course()
    assignment = harness.assignment(course, "audience", team := harness.audience("All drivers"))
    about = {"offering_id": course, "type": "audience", "target_id": team, "include_below": False}
    harness.enrol(ada, offering=course, assignment=assignment)
    harness.tell(harness.enrollment, harness.next(enrollment.AssignmentRemoved, assignment))
    harness.tell(harness.enrollment, harness.unassigned(ada, course, assignment))
    harness.settle()
    harness.tell(harness.enrollment, harness.next(enrollment.AssignmentCreated, assignment, **about))
    harness.enrol(ada, offering=course, assignment=assignment)
    harness.tell(harness.enrollment, harness.next(enrollment.AssignmentRemoved, assignment))
    harness.settle()

    (row,) = harness.rows()
    assert (row["assignment_id"], row["assignment_name"]) == (str(assignment), "All drivers")
    with harness.database.connection() as conn:
        assert conn.execute("SELECT count(*) FROM parked_event").fetchone() == (0,)
    assert replay(harness.settings).differences == 0


@pytest.mark.feature("RPT-2")
def test_each_assignment_type_shows_its_label_and_the_name_of_its_target(harness: Harness) -> None:
    course, learner = harness.course(), harness.person("Lea Learner")
    boss = harness.person("Mary Boss")
    targets = {
        "audience": ("Audience", harness.audience("All drivers"), "All drivers"),
        "organisation": ("Organisation", harness.unit("Sales"), "Sales"),
        "position": ("Position", harness.unit("Welder", kind="position"), "Welder"),
        "individual": ("Individual", learner, "Lea Learner"),
        "manager": ("Manager", boss, "Mary Boss"),
    }
    for type, (_, target, _) in targets.items():
        harness.enrol(learner, offering=course, assignment=harness.assignment(course, type, target))
    harness.settle()

    shown = {row["assignment_type"]: (row["assignment_type_label"], row["assignment_name"]) for row in harness.rows()}

    assert shown == {type: (label, name) for type, (label, _, name) in targets.items()}
    asked = harness.rows(type=["manager", "audience"])
    assert {row["assignment_type"] for row in asked} == {"manager", "audience"}


@pytest.mark.feature("RPT-1")
def test_the_report_shows_a_learner_whose_name_and_offering_have_not_arrived_yet(harness: Harness) -> None:
    unknown, offering, assignment = uuid4(), uuid4(), uuid4()
    harness.enrol(unknown, offering=offering, assignment=assignment)
    harness.settle()

    (row,) = harness.rows()

    assert (row["person_id"], row["last_name"], row["offering_title"]) == (str(unknown), None, None)


@pytest.mark.feature("RPT-1", "RPT-2")
def test_filters_narrow_by_offering_assignment_person_state_and_organisation_with_everything_below(
    harness: Harness,
) -> None:
    top = harness.unit("Company")
    below = harness.unit("Plant", harness.unit("Region", top))
    elsewhere = harness.unit("Elsewhere")
    ada, bob, eve = harness.person("Ada A", top), harness.person("Bob B", below), harness.person("Eve E", elsewhere)
    fire, ice = harness.course("Fire"), harness.course("Ice")
    on_fire, on_ice = harness.assignment(fire), harness.assignment(ice)
    harness.enrol(ada, bob, eve, offering=fire, assignment=on_fire)
    harness.enrol(ada, offering=ice, assignment=on_ice)
    harness.tell(harness.enrollment, harness.about(enrollment.TrainingBegun, bob, fire, term=1))
    harness.settle()

    assert harness.people(offering_id=fire) == {ada, bob, eve}
    assert harness.people(assignment_id=on_ice) == {ada}
    assert len(harness.rows(person_id=ada)) == 2
    assert harness.people(organisation_id=top) == {ada, bob}
    assert harness.people(organisation_id=below) == {bob}
    assert harness.people(state="in-progress") == {bob}
    assert harness.people(state=["in-progress", "not-started"], offering_id=fire) == {ada, bob, eve}
    assert harness.people(state="completed") == set()


@pytest.mark.feature("RPT-1")
@pytest.mark.parametrize("sort", ["-assigned_at", "assigned_at", "person", "-person", "offering", "-offering"])
def test_pages_by_cursor_give_every_row_once_and_in_order(harness: Harness, sort: str) -> None:
    people = [harness.person(name) for name in ("Ada Young", "Bob Young", "Cy Adams", "Di Moss", "Ed Moss")]
    for title in ("Alpha", "Beta"):
        course = harness.course(title)
        harness.enrol(*people, offering=course, assignment=harness.assignment(course))
    harness.settle()
    whole = harness.rows(sort=sort)

    paged, cursor = [], None
    while True:
        page = harness.ask(sort=sort, limit=3, **({"cursor": cursor} if cursor else {}))
        paged += page["items"]
        if (cursor := page["next"]) is None:
            break

    assert paged == whole
    assert len(whole) == 10
    keys = {
        "assigned_at": [row["assigned_at"] for row in whole],
        "person": [(row["last_name"], row["first_name"]) for row in whole],
        "offering": [row["offering_title"] for row in whole],
    }[sort.removeprefix("-")]
    assert keys == sorted(keys, reverse=sort.startswith("-"))


@pytest.mark.feature("RPT-1")
def test_a_row_that_comes_while_someone_pages_neither_repeats_nor_hides_another(harness: Harness) -> None:
    people, course = [harness.person() for _ in range(4)], harness.course()
    assignment = harness.assignment(course)
    harness.enrol(*people, offering=course, assignment=assignment)
    harness.settle()
    first = harness.ask(limit=2)
    harness.enrol(harness.person(), offering=course, assignment=assignment)
    harness.settle()

    second = harness.ask(limit=10, cursor=first["next"])

    shown = [row["person_id"] for row in first["items"] + second["items"]]
    assert sorted(shown) == sorted(str(person) for person in people)


@pytest.mark.feature("RPT-1")
def test_a_part_of_a_name_is_searched_in_the_body_and_refused_in_the_address(harness: Harness) -> None:
    ada, percy, course = harness.person("Ada Lovelace"), harness.person("Per%cy Lo_v"), harness.course()
    harness.enrol(ada, percy, offering=course, assignment=harness.assignment(course))
    harness.settle()

    def found(name: str) -> set[str]:
        answer = harness.http.post(f"{MEMBERSHIP}/search", json={"name": name, "offering_id": str(course)})
        assert answer.status_code == 200, answer.text
        return {row["person_id"] for row in answer.json()["items"]}

    assert found("DA LOVE") == {str(ada)}
    assert found("%") == {str(percy)}
    assert found("o_v") == {str(percy)}
    assert found("nobody") == set()
    assert harness.http.post(f"{MEMBERSHIP}/count", json={"name": "lovelace"}).json() == {"total": 1}
    refused = harness.http.get(MEMBERSHIP, params={"name": "Lovelace"})
    assert refused.status_code == 422
    assert "Lovelace" not in refused.text


@pytest.mark.feature("RPT-1")
def test_the_cursor_of_a_list_sorted_by_name_holds_no_name(harness: Harness) -> None:
    course = harness.course()
    people = [harness.person("Ada Lovelace"), harness.person("Bea Lovelace")]
    harness.enrol(*people, offering=course, assignment=harness.assignment(course))
    harness.settle()

    cursor = harness.ask(sort="person", limit=1)["next"]

    assert b"lovelace" not in base64.urlsafe_b64decode(cursor + "==").lower()


@pytest.mark.feature("RPT-1")
@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"cursor": "nonsense"}, "cursor"),
        ({"cursor": "WyJwZXJzb24iLCIxIiwiIl0"}, "cursor"),
        ({"limit": 100_000}, "limit"),
        ({"sort": "salary"}, "query.sort"),
        ({"type": "telepathy"}, "query.type.0"),
        ({"as_of": "yesterday"}, "as_of"),
        ({"as_of": "2026-01-01T10:00:00"}, "as_of"),
        ({"as_of": "9999-12-31"}, "as_of"),
        ({"at_least": "enrollment"}, "at_least"),
        ({"at_least": "payroll:1"}, "at_least"),
        ({"colour": "red"}, "query.colour"),
    ],
)
def test_a_malformed_question_is_refused_with_the_field_at_fault(
    harness: Harness, asked: dict[str, str], field: str
) -> None:
    answer = harness.http.get(MEMBERSHIP, params=asked)

    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text


@pytest.mark.feature("SEC-2")
def test_a_caller_sees_the_learners_of_the_own_organisations_and_below_in_list_search_count_and_export(
    harness: Harness,
) -> None:
    mine, other = harness.unit("Mine"), harness.unit("Other")
    below = harness.unit("Below mine", mine)
    ada, bob, eve = harness.person("Ada A", mine), harness.person("Bob B", below), harness.person("Eve E", other)
    homeless = harness.person("Hal H", None)
    course = harness.course()
    harness.enrol(ada, bob, eve, homeless, offering=course, assignment=harness.assignment(course))
    harness.settle()
    manager = harness.signed_in(("enrollment-manager", mine))
    visible = {ada, bob}

    assert harness.people(manager) == visible
    assert harness.people(manager, organisation_id=other) == set()
    assert harness.people(manager, person_id=eve) == set()
    assert harness.http.get(f"{MEMBERSHIP}/count", headers=manager).json() == {"total": 2}
    for name, found in (("e", set()), ("b", {bob}), ("a", {ada})):
        searched = harness.http.post(f"{MEMBERSHIP}/search", headers=manager, json={"name": name}).json()["items"]
        assert {UUID(row["person_id"]) for row in searched} == found
    exported = harness.http.get(f"{MEMBERSHIP}.csv", headers=manager).text
    assert str(ada) in exported
    assert str(eve) not in exported
    assert harness.people() == {ada, bob, eve, homeless}

    before = harness.now()
    harness.tell(harness.directory, harness.next(directory.PersonMoved, eve, home_organisation=below))
    harness.tell(harness.directory, harness.next(directory.PersonMoved, ada, home_organisation=other))
    harness.settle()
    assert harness.people(manager) == {bob, eve}
    assert harness.people(manager, as_of=before) == {bob, eve}


@pytest.mark.feature("SEC-2")
def test_two_roles_show_both_organisations_and_a_role_that_may_not_read_shows_none(harness: Harness) -> None:
    north, south, west = harness.unit("North"), harness.unit("South"), harness.unit("West")
    people = [harness.person("N N", north), harness.person("S S", south), harness.person("W W", west)]
    course = harness.course()
    harness.enrol(*people, offering=course, assignment=harness.assignment(course))
    harness.settle()

    both = harness.signed_in(("sales-manager", north), ("auditor", south), ("learner", west))
    assert harness.people(both) == set(people[:2])
    for path in ("", "/count", ".csv"):
        refused = harness.http.get(f"{MEMBERSHIP}{path}", headers=harness.signed_in(("learner", None)))
        assert refused.status_code == 403
        assert refused.json()["permission"] == "read-reports"


@pytest.mark.feature("RPT-6")
def test_a_report_waits_for_the_positions_it_is_asked_for_and_says_how_new_it_is(harness: Harness) -> None:
    course = harness.course()
    assignment = harness.assignment(course)
    harness.settle()
    ada = harness.person()
    position = harness.enrol(ada, offering=course, assignment=assignment)
    asked = {"at_least": f"enrollment:{position}, directory:1"}

    early = harness.http.get(MEMBERSHIP, params=asked, headers={"Prefer": "wait=1"})
    assert (early.status_code, early.json()["field"]) == (503, "at_least")
    assert early.headers["Retry-After"]

    harness.settle()
    answer = harness.ask(**asked)
    assert [row["person_id"] for row in answer["items"]] == [str(ada)]
    assert f"enrollment:{position}" in answer["as_new_as"]
    assert "directory.profiles:1" in answer["as_new_as"]


@pytest.mark.feature("RPT-6")
def test_a_report_that_waits_is_answered_when_the_consumers_get_there(harness: Harness) -> None:
    ada, course = harness.person(), harness.course()
    position = harness.enrol(ada, offering=course, assignment=harness.assignment(course))
    harness.service.start()
    try:
        answer = harness.http.get(
            MEMBERSHIP, params={"at_least": f"enrollment:{position}"}, headers={"Prefer": "wait=30"}
        )
        assert [row["person_id"] for row in answer.json()["items"]] == [str(ada)]
    finally:
        harness.service.stop()


@pytest.mark.feature("RPT-4")
def test_the_export_has_the_rows_of_the_list_and_defuses_formulas(harness: Harness) -> None:
    names = ["=1+1 Sum", "+49 Plus", "-2 Minus", "@cmd At", "\tTab Tab", "\rReturn Cr", 'Quo"te, Comma']
    people = [harness.person(name) for name in names]
    course = harness.course("=HYPERLINK(1)")
    harness.enrol(*people, offering=course, assignment=harness.assignment(course))
    harness.settle()

    answer = harness.http.get(f"{MEMBERSHIP}.csv", params={"sort": "assigned_at", "offering_id": course})

    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    first_names = [row["first_name"] for row in rows]
    assert first_names == [*(f"'{name.rsplit(' ', 1)[0]}" for name in names[:6]), 'Quo"te,']
    assert {row["offering_title"] for row in rows} == {"'=HYPERLINK(1)"}
    listed = harness.rows(sort="assigned_at")
    assert [row["person_id"] for row in rows] == [row["person_id"] for row in listed]
    assert list(rows[0]) == list(listed[0])
    searched = harness.http.post(f"{MEMBERSHIP}.csv", json={"name": "quo"})
    assert len(searched.text.splitlines()) == 2


@pytest.mark.feature("RPT-4")
@pytest.mark.parametrize(
    ("typed", "exported"),
    [
        ("Smith;=1+2", "Smith;'=1+2"),
        ("Smith,=1+2", "Smith,'=1+2"),
        ("Smith\t+1", "Smith\t'+1"),
        ("Smith|-1", "Smith|'-1"),
        ("Smith\n@sum", "Smith\n'@sum"),
        ("Smith\r\n=1", "Smith\r\n'=1"),
        ('Smith;"=1+2"', 'Smith;\'"=1+2"'),
        ("; \u00a0=1", ";' \u00a0=1"),
        ("  =1", "'  =1"),
        ("'=1", "''=1"),
        ("\uff1d1+2", "'\uff1d1+2"),
        ("\u200b=1", "'\u200b=1"),
        ("\t=1", "\t'=1"),
        (";;=1;=2", ";;'=1;'=2"),
        ("\rCr", "'\rCr"),
        ("Jean-Luc; O'Neill a=b", "Jean-Luc; O'Neill a=b"),
    ],
)
def test_a_formula_is_defused_wherever_a_spreadsheet_may_split_the_text(
    harness: Harness, typed: str, exported: str
) -> None:
    course = harness.course(typed)
    harness.enrol(harness.person(), offering=course, assignment=harness.assignment(course))
    harness.settle()

    answer = harness.http.get(f"{MEMBERSHIP}.csv").content.decode("utf-8-sig")

    (row,) = csv.DictReader(io.StringIO(answer, newline=""))
    assert row["offering_title"] == exported
    in_quotes = exported.replace('"', '""')
    assert f',"{in_quotes}",' in answer


@pytest.mark.feature("RPT-7")
def test_a_past_day_means_its_end_in_utc_and_counts_nothing_recorded_after_it(harness: Harness) -> None:
    today = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    monday, tuesday, wednesday = (today - timedelta(days=days) for days in (30, 29, 28))
    end_of_monday = monday.replace(hour=23, minute=59, second=59, microsecond=999_999)
    old, new = harness.unit("Old", at=monday), harness.unit("New", at=monday)
    ada, bob = harness.person("Ada A", old, at=monday), harness.person("Bob B", old, at=monday)
    course = harness.course("Old title", at=monday)
    audience = harness.audience("Drivers", at=monday)
    assignment = harness.assignment(course, "audience", audience, at=monday)
    harness.enrol(ada, offering=course, assignment=assignment, at=end_of_monday)
    harness.enrol(bob, offering=course, assignment=assignment, at=end_of_monday + timedelta(microseconds=1))
    harness.tell(harness.catalog, harness.described(course, "New title"), at=tuesday)
    harness.tell(harness.directory, harness.next(directory.PersonMoved, ada, home_organisation=new), at=tuesday)
    harness.tell(harness.enrollment, harness.about(enrollment.TrainingBegun, ada, course, term=1), at=tuesday)
    harness.tell(harness.enrollment, harness.unassigned(ada, course, assignment), at=wednesday)
    harness.tell(harness.enrollment, harness.next(enrollment.AssignmentRemoved, assignment), at=wednesday)
    harness.profile(ada, "Ada Married")
    harness.settle()

    (then,) = harness.rows(as_of=monday.date().isoformat())
    assert (then["offering_title"], then["home_organisation"], then["state"]) == ("Old title", "Old", "not-started")
    assert (then["assignment_name"], then["last_name"]) == ("Drivers", "Married")
    assert harness.people(as_of=tuesday.date().isoformat()) == {ada, bob}
    assert harness.people(as_of=tuesday.date().isoformat(), state="in-progress") == {ada}
    assert harness.people(as_of=tuesday.date().isoformat(), organisation_id=new) == {ada}
    assert harness.people(as_of=monday.date().isoformat(), organisation_id=old) == {ada}
    assert harness.people(as_of=wednesday.date().isoformat()) == {bob}
    assert harness.people(as_of=(wednesday - timedelta(microseconds=1)).isoformat()) == {ada, bob}
    assert harness.people(as_of=(monday - timedelta(days=1)).date().isoformat()) == set()
    assert harness.people() == {bob}
    counted = harness.http.get(f"{MEMBERSHIP}/count", params={"as_of": tuesday.date().isoformat()})
    assert counted.json() == {"total": 2}
    exported = harness.http.get(f"{MEMBERSHIP}.csv", params={"as_of": monday.date().isoformat()}).text
    assert "Old title" in exported
    assert "New title" not in exported
