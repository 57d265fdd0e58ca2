"""The membership report over HTTP: columns, filters, sort, pages, permission, waiting, CSV."""

import base64
import csv
import io
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from reporting_world import MEMBERSHIP, World

from services.reporting.main import replay
from shared.contracts import directory, enrollment


@pytest.mark.feature("RPT-1")
def test_a_learner_with_two_assignments_has_one_row_for_each(world: World) -> None:
    home = world.unit("Head office")
    ada, course = world.person("Ada Lovelace", home), world.course("Fire safety")
    assignments = {world.assignment(course), world.assignment(course)}
    for assignment in assignments:
        world.enrol(ada, offering=course, assignment=assignment)
    world.tell(world.enrollment, world.about(enrollment.TrainingBegun, ada, course, term=1))
    world.settle()

    rows = world.rows()

    assert {UUID(row["assignment_id"]) for row in rows} == assignments
    for row in rows:
        assert (row["first_name"], row["last_name"], row["active"]) == ("Ada", "Lovelace", True)
        assert (row["offering_title"], row["offering_kind"]) == ("Fire safety", "course")
        assert (row["home_organisation"], row["state"], row["term"]) == ("Head office", "in-progress", 1)


@pytest.mark.feature("RPT-1")
def test_a_learner_who_is_unassigned_leaves_the_report_and_the_other_assignment_stays(world: World) -> None:
    ada, course = world.person(), world.course()
    first, second = world.assignment(course), world.assignment(course)
    world.enrol(ada, offering=course, assignment=first)
    world.enrol(ada, offering=course, assignment=second)
    world.settle()
    world.tell(world.enrollment, world.unassigned(ada, course, first))
    world.settle()

    assert [row["assignment_id"] for row in world.rows()] == [str(second)]


@pytest.mark.feature("RPT-1", "ASG-20")
def test_an_assignment_whose_removal_was_undone_is_reported_again_with_one_row_for_each_learner(world: World) -> None:
    ada, course = world.person(), world.course()
    assignment = world.assignment(course, "audience", team := world.audience("All drivers"))
    about = {"offering_id": course, "type": "audience", "target_id": team, "include_below": False}
    world.enrol(ada, offering=course, assignment=assignment)
    world.tell(world.enrollment, world.next(enrollment.AssignmentRemoved, assignment))
    world.tell(world.enrollment, world.unassigned(ada, course, assignment))
    world.settle()
    world.tell(world.enrollment, world.next(enrollment.AssignmentCreated, assignment, **about))
    world.enrol(ada, offering=course, assignment=assignment)
    world.tell(world.enrollment, world.next(enrollment.AssignmentRemoved, assignment))
    world.settle()

    (row,) = world.rows()
    assert (row["assignment_id"], row["assignment_name"]) == (str(assignment), "All drivers")
    with world.database.connection() as conn:
        assert conn.execute("SELECT count(*) FROM parked_event").fetchone() == (0,)
    assert replay(world.settings).differences == 0


@pytest.mark.feature("RPT-2")
def test_each_assignment_type_shows_its_label_and_the_name_of_its_target(world: World) -> None:
    course, learner = world.course(), world.person("Lea Learner")
    boss = world.person("Mary Boss")
    targets = {
        "audience": ("Audience", world.audience("All drivers"), "All drivers"),
        "organisation": ("Organisation", world.unit("Sales"), "Sales"),
        "position": ("Position", world.unit("Welder", kind="position"), "Welder"),
        "individual": ("Individual", learner, "Lea Learner"),
        "manager": ("Manager", boss, "Mary Boss"),
    }
    for type, (_, target, _) in targets.items():
        world.enrol(learner, offering=course, assignment=world.assignment(course, type, target))
    world.settle()

    shown = {row["assignment_type"]: (row["assignment_type_label"], row["assignment_name"]) for row in world.rows()}

    assert shown == {type: (label, name) for type, (label, _, name) in targets.items()}
    asked = world.rows(type=["manager", "audience"])
    assert {row["assignment_type"] for row in asked} == {"manager", "audience"}


@pytest.mark.feature("RPT-1")
def test_the_report_shows_a_learner_whose_name_and_offering_have_not_arrived_yet(world: World) -> None:
    unknown, offering, assignment = uuid4(), uuid4(), uuid4()
    world.enrol(unknown, offering=offering, assignment=assignment)
    world.settle()

    (row,) = world.rows()

    assert (row["person_id"], row["last_name"], row["offering_title"]) == (str(unknown), None, None)


@pytest.mark.feature("RPT-1", "RPT-2")
def test_filters_narrow_by_offering_assignment_person_state_and_organisation_with_everything_below(
    world: World,
) -> None:
    top = world.unit("Company")
    below = world.unit("Plant", world.unit("Region", top))
    elsewhere = world.unit("Elsewhere")
    ada, bob, eve = world.person("Ada A", top), world.person("Bob B", below), world.person("Eve E", elsewhere)
    fire, ice = world.course("Fire"), world.course("Ice")
    on_fire, on_ice = world.assignment(fire), world.assignment(ice)
    world.enrol(ada, bob, eve, offering=fire, assignment=on_fire)
    world.enrol(ada, offering=ice, assignment=on_ice)
    world.tell(world.enrollment, world.about(enrollment.TrainingBegun, bob, fire, term=1))
    world.settle()

    assert world.people(offering_id=fire) == {ada, bob, eve}
    assert world.people(assignment_id=on_ice) == {ada}
    assert len(world.rows(person_id=ada)) == 2
    assert world.people(organisation_id=top) == {ada, bob}
    assert world.people(organisation_id=below) == {bob}
    assert world.people(state="in-progress") == {bob}
    assert world.people(state=["in-progress", "not-started"], offering_id=fire) == {ada, bob, eve}
    assert world.people(state="completed") == set()


@pytest.mark.feature("RPT-1")
@pytest.mark.parametrize("sort", ["-assigned_at", "assigned_at", "person", "-person", "offering", "-offering"])
def test_pages_by_cursor_give_every_row_once_and_in_order(world: World, sort: str) -> None:
    people = [world.person(name) for name in ("Ada Young", "Bob Young", "Cy Adams", "Di Moss", "Ed Moss")]
    for title in ("Alpha", "Beta"):
        course = world.course(title)
        world.enrol(*people, offering=course, assignment=world.assignment(course))
    world.settle()
    whole = world.rows(sort=sort)

    paged, cursor = [], None
    while True:
        page = world.ask(sort=sort, limit=3, **({"cursor": cursor} if cursor else {}))
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
def test_a_row_that_comes_while_someone_pages_neither_repeats_nor_hides_another(world: World) -> None:
    people, course = [world.person() for _ in range(4)], world.course()
    assignment = world.assignment(course)
    world.enrol(*people, offering=course, assignment=assignment)
    world.settle()
    first = world.ask(limit=2)
    world.enrol(world.person(), offering=course, assignment=assignment)
    world.settle()

    second = world.ask(limit=10, cursor=first["next"])

    shown = [row["person_id"] for row in first["items"] + second["items"]]
    assert sorted(shown) == sorted(str(person) for person in people)


@pytest.mark.feature("RPT-1")
def test_a_part_of_a_name_is_searched_in_the_body_and_refused_in_the_address(world: World) -> None:
    ada, percy, course = world.person("Ada Lovelace"), world.person("Per%cy Lo_v"), world.course()
    world.enrol(ada, percy, offering=course, assignment=world.assignment(course))
    world.settle()

    def found(name: str) -> set[str]:
        answer = world.http.post(f"{MEMBERSHIP}/search", json={"name": name, "offering_id": str(course)})
        assert answer.status_code == 200, answer.text
        return {row["person_id"] for row in answer.json()["items"]}

    assert found("DA LOVE") == {str(ada)}
    assert found("%") == {str(percy)}
    assert found("o_v") == {str(percy)}
    assert found("nobody") == set()
    assert world.http.post(f"{MEMBERSHIP}/count", json={"name": "lovelace"}).json() == {"total": 1}
    refused = world.http.get(MEMBERSHIP, params={"name": "Lovelace"})
    assert refused.status_code == 422
    assert "Lovelace" not in refused.text


@pytest.mark.feature("RPT-1")
def test_the_cursor_of_a_list_sorted_by_name_holds_no_name(world: World) -> None:
    course = world.course()
    people = [world.person("Ada Lovelace"), world.person("Bea Lovelace")]
    world.enrol(*people, offering=course, assignment=world.assignment(course))
    world.settle()

    cursor = world.ask(sort="person", limit=1)["next"]

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
        ({"colour": "red"}, "query.colour"),
    ],
)
def test_a_malformed_question_is_refused_with_the_field_at_fault(
    world: World, asked: dict[str, str], field: str
) -> None:
    answer = world.http.get(MEMBERSHIP, params=asked)

    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text


@pytest.mark.feature("SEC-2")
def test_a_caller_sees_the_learners_of_the_own_organisations_and_below_in_list_search_count_and_export(
    world: World,
) -> None:
    mine, other = world.unit("Mine"), world.unit("Other")
    below = world.unit("Below mine", mine)
    ada, bob, eve = world.person("Ada A", mine), world.person("Bob B", below), world.person("Eve E", other)
    homeless = world.person("Hal H", None)
    course = world.course()
    world.enrol(ada, bob, eve, homeless, offering=course, assignment=world.assignment(course))
    world.settle()
    manager = world.signed_in(("enrollment-manager", mine))
    visible = {ada, bob}

    assert world.people(manager) == visible
    assert world.people(manager, organisation_id=other) == set()
    assert world.people(manager, person_id=eve) == set()
    assert world.http.get(f"{MEMBERSHIP}/count", headers=manager).json() == {"total": 2}
    searched = world.http.post(f"{MEMBERSHIP}/search", headers=manager, json={"name": "e"}).json()["items"]
    assert {UUID(row["person_id"]) for row in searched} <= visible
    exported = world.http.get(f"{MEMBERSHIP}.csv", headers=manager).text
    assert str(ada) in exported
    assert str(eve) not in exported
    assert world.people() == {ada, bob, eve, homeless}

    before = world.now()
    world.tell(world.directory, world.next(directory.PersonMoved, eve, home_organisation=below))
    world.tell(world.directory, world.next(directory.PersonMoved, ada, home_organisation=other))
    world.settle()
    assert world.people(manager) == {bob, eve}
    assert world.people(manager, as_of=before) == {bob, eve}


@pytest.mark.feature("SEC-2")
def test_two_roles_show_both_organisations_and_a_role_that_may_not_read_shows_none(world: World) -> None:
    north, south, west = world.unit("North"), world.unit("South"), world.unit("West")
    people = [world.person("N N", north), world.person("S S", south), world.person("W W", west)]
    course = world.course()
    world.enrol(*people, offering=course, assignment=world.assignment(course))
    world.settle()

    both = world.signed_in(("sales-manager", north), ("auditor", south), ("learner", west))
    assert world.people(both) == set(people[:2])
    for path in ("", "/count", ".csv"):
        refused = world.http.get(f"{MEMBERSHIP}{path}", headers=world.signed_in(("learner", None)))
        assert refused.status_code == 403
        assert refused.json()["permission"] == "read-reports"


@pytest.mark.feature("RPT-6")
def test_a_report_waits_for_the_positions_it_is_asked_for_and_says_how_new_it_is(world: World) -> None:
    course = world.course()
    assignment = world.assignment(course)
    world.settle()
    ada = world.person()
    position = world.enrol(ada, offering=course, assignment=assignment)
    asked = {"at_least": f"enrollment:{position}, directory:1"}

    early = world.http.get(MEMBERSHIP, params=asked, headers={"Prefer": "wait=1"})
    assert (early.status_code, early.json()["field"]) == (503, "at_least")
    assert early.headers["Retry-After"]

    world.settle()
    answer = world.ask(**asked)
    assert [row["person_id"] for row in answer["items"]] == [str(ada)]
    assert f"enrollment:{position}" in answer["as_new_as"]
    assert "directory.profiles:1" in answer["as_new_as"]


@pytest.mark.feature("RPT-6")
def test_a_report_that_waits_is_answered_when_the_consumers_get_there(world: World) -> None:
    ada, course = world.person(), world.course()
    position = world.enrol(ada, offering=course, assignment=world.assignment(course))
    world.service.start()
    try:
        answer = world.http.get(
            MEMBERSHIP, params={"at_least": f"enrollment:{position}"}, headers={"Prefer": "wait=30"}
        )
        assert [row["person_id"] for row in answer.json()["items"]] == [str(ada)]
    finally:
        world.service.stop()


@pytest.mark.feature("RPT-4")
def test_the_export_has_the_rows_of_the_list_and_defuses_formulas(world: World) -> None:
    names = ["=1+1 Sum", "+49 Plus", "-2 Minus", "@cmd At", "\tTab Tab", "\rReturn Cr", 'Quo"te, Comma']
    people = [world.person(name) for name in names]
    course = world.course("=HYPERLINK(1)")
    world.enrol(*people, offering=course, assignment=world.assignment(course))
    world.settle()

    answer = world.http.get(f"{MEMBERSHIP}.csv", params={"sort": "assigned_at", "offering_id": course})

    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    first_names = [row["first_name"] for row in rows]
    assert first_names == [*(f"'{name.rsplit(' ', 1)[0]}" for name in names[:6]), 'Quo"te,']
    assert {row["offering_title"] for row in rows} == {"'=HYPERLINK(1)"}
    listed = world.rows(sort="assigned_at")
    assert [row["person_id"] for row in rows] == [row["person_id"] for row in listed]
    assert list(rows[0]) == list(listed[0])
    searched = world.http.post(f"{MEMBERSHIP}.csv", json={"name": "quo"})
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
    world: World, typed: str, exported: str
) -> None:
    course = world.course(typed)
    world.enrol(world.person(), offering=course, assignment=world.assignment(course))
    world.settle()

    answer = world.http.get(f"{MEMBERSHIP}.csv").content.decode("utf-8-sig")

    (row,) = csv.DictReader(io.StringIO(answer, newline=""))
    assert row["offering_title"] == exported
    in_quotes = exported.replace('"', '""')
    assert f',"{in_quotes}",' in answer


@pytest.mark.feature("RPT-7")
def test_a_past_day_means_its_end_in_utc_and_counts_nothing_recorded_after_it(world: World) -> None:
    today = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    monday, tuesday, wednesday = (today - timedelta(days=days) for days in (30, 29, 28))
    end_of_monday = monday.replace(hour=23, minute=59, second=59, microsecond=999_999)
    old, new = world.unit("Old", at=monday), world.unit("New", at=monday)
    ada, bob = world.person("Ada A", old, at=monday), world.person("Bob B", old, at=monday)
    course = world.course("Old title", at=monday)
    audience = world.audience("Drivers", at=monday)
    assignment = world.assignment(course, "audience", audience, at=monday)
    world.enrol(ada, offering=course, assignment=assignment, at=end_of_monday)
    world.enrol(bob, offering=course, assignment=assignment, at=end_of_monday + timedelta(microseconds=1))
    world.tell(world.catalog, world.described(course, "New title"), at=tuesday)
    world.tell(world.directory, world.next(directory.PersonMoved, ada, home_organisation=new), at=tuesday)
    world.tell(world.enrollment, world.about(enrollment.TrainingBegun, ada, course, term=1), at=tuesday)
    world.tell(world.enrollment, world.unassigned(ada, course, assignment), at=wednesday)
    world.tell(world.enrollment, world.next(enrollment.AssignmentRemoved, assignment), at=wednesday)
    world.profile(ada, "Ada Married")
    world.settle()

    (then,) = world.rows(as_of=monday.date().isoformat())
    assert (then["offering_title"], then["home_organisation"], then["state"]) == ("Old title", "Old", "not-started")
    assert (then["assignment_name"], then["last_name"]) == ("Drivers", "Married")
    assert world.people(as_of=tuesday.date().isoformat()) == {ada, bob}
    assert world.people(as_of=tuesday.date().isoformat(), state="in-progress") == {ada}
    assert world.people(as_of=tuesday.date().isoformat(), organisation_id=new) == {ada}
    assert world.people(as_of=monday.date().isoformat(), organisation_id=old) == {ada}
    assert world.people(as_of=wednesday.date().isoformat()) == {bob}
    assert world.people(as_of=(wednesday - timedelta(microseconds=1)).isoformat()) == {ada, bob}
    assert world.people(as_of=(monday - timedelta(days=1)).date().isoformat()) == set()
    assert world.people() == {bob}
    counted = world.http.get(f"{MEMBERSHIP}/count", params={"as_of": tuesday.date().isoformat()})
    assert counted.json() == {"total": 2}
    exported = world.http.get(f"{MEMBERSHIP}.csv", params={"as_of": monday.date().isoformat()}).text
    assert "Old title" in exported
    assert "New title" not in exported
