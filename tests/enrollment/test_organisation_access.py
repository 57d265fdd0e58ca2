"""How long the home organisation gives access where the course leaves it to say (ASG-14, DIR-7)."""

from datetime import date
from uuid import UUID

import pytest
from enrollment.harness import Harness

from services.enrollment.application.evaluation.evaluate import evaluate
from services.enrollment.reactions.organisations import OrganisationFacts
from shared.contracts import directory

TODAY = date(2027, 3, 1)


class Tree:
    """Top sets 30 days, Middle nothing, Low 60; Other stands apart and sets nothing. One person has a home in each."""

    def __init__(self, harness: Harness) -> None:
        harness.on(TODAY)
        self.top = harness.unit("Top")
        self.middle = harness.unit("Middle", self.top)
        self.low = harness.unit("Low", self.middle)
        self.other = harness.unit("Other")
        harness.profile(self.top, access_days=30)
        harness.profile(self.low, access_days=60)
        self.homes = (self.top, self.middle, self.low, self.other, None)
        self.people = [harness.person(home) for home in self.homes]


@pytest.fixture
def tree(harness: Harness) -> Tree:
    return Tree(harness)


def days(harness: Harness, offering: UUID, *people: UUID) -> list[int | None]:
    """Of access, by learner."""
    until = {e["person_id"]: e["access_until"] for e in harness.enrollments(offering_id=offering)}
    found = [until[str(person)] for person in people]
    return [(date.fromisoformat(str(day)) - TODAY).days if day else None for day in found]


def assign(harness: Harness, offering: UUID, people: list[UUID], access_days: int) -> int:
    """At once, with an access period; the status."""
    body = {"offerings": [str(offering)], "people": [str(p) for p in people], "access_days": access_days}
    status = harness.http.post("/api/enrollment/assignments", json=body).status_code
    harness.settle()
    return status


@pytest.mark.feature("ASG-14", "DIR-7")
def test_the_nearest_organisation_above_that_sets_it_decides_however_the_learner_comes(
    harness: Harness, tree: Tree
) -> None:
    one_by_one, together, by_audience = (harness.course(title) for title in ("Singly", "Together", "Audience"))
    audience = harness.audience(*tree.people)
    harness.settle()
    for person in tree.people:
        harness.enroll(person, one_by_one)
    assert days(harness, one_by_one, *tree.people) == [30, 30, 60, 180, 180]
    harness.assign(together, "organisation", tree.top, below=True)
    assert days(harness, together, *tree.people[:3]) == [30, 30, 60]
    harness.assign(by_audience, "audience", audience)
    assert days(harness, by_audience, *tree.people) == [30, 30, 60, 180, 180]


@pytest.mark.feature("ASG-14")
def test_a_course_with_days_of_its_own_and_a_certification_do_not_ask_the_organisation(
    harness: Harness, tree: Tree
) -> None:
    course, certification = harness.course(access_days=90), harness.certification()
    harness.settle()
    for offering in (course, certification):
        harness.assign(offering, "organisation", tree.top, below=True)
    assert days(harness, course, *tree.people[:3]) == [90, 90, 90]
    assert days(harness, certification, *tree.people[:3]) == [None, None, None]


@pytest.mark.feature("ASG-14")
def test_another_profile_or_home_changes_what_comes_later_and_no_grant_that_is_there(
    harness: Harness, tree: Tree
) -> None:
    before, after = harness.course("Before"), harness.course("After")
    harness.settle()
    top, middle, low = tree.people[:3]
    harness.assign(before, "organisation", tree.top, below=True)
    harness.profile(tree.top, access_days=365)
    harness.profile(tree.low)
    harness.move(middle, tree.other)
    harness.settle()
    assert days(harness, before, top, low) == [30, 60]
    for person in (top, middle, low):
        harness.enroll(person, after)
    assert days(harness, after, top, middle, low) == [365, 180, 365]


@pytest.mark.feature("ASG-14", "DIR-7")
def test_an_organisation_that_moves_inherits_from_where_it_is(harness: Harness, tree: Tree) -> None:
    course = harness.course()
    rich = harness.unit("Rich")
    harness.profile(rich, access_days=100)
    moved = {"kind": "organisation", "framework": rich, "parent": rich}
    harness.tell(harness.directory, directory.UnitMoved, tree.middle, **moved)
    harness.settle()
    for person in tree.people[:3]:
        harness.enroll(person, course)
    assert days(harness, course, *tree.people[:3]) == [30, 100, 60]


@pytest.mark.feature("ASG-14")
def test_a_shorter_wish_holds_and_nobody_gets_more_than_the_own_organisation_gives(
    harness: Harness, tree: Tree
) -> None:
    mixed, wide, tight = (harness.course(title) for title in ("Mixed", "Wide", "Tight"))
    harness.settle()
    top, _, low, other, _ = tree.people
    assert [assign(harness, tight, [top], wish) for wish in (31, 30)] == [422, 202]
    assert [assign(harness, mixed, [top, low, other], wish) for wish in (181, 45)] == [422, 202]
    assert days(harness, mixed, top, low, other) == [30, 45, 45]
    below = {"action": "assign", "offering_id": str(wide), "access_days": 61}
    below["targets"] = [{"type": "organisation", "target_id": str(tree.top), "include_below": True}]
    refused = harness.http.post("/api/enrollment/previews", json=below)
    assert (refused.status_code, refused.json()["field"], "60 days" in refused.json()["detail"]) == (
        422,
        "access_days",
        True,
    )
    harness.assign(wide, "organisation", tree.top, below=True, access_days=50)
    assert days(harness, wide, top, low) == [30, 50]


@pytest.mark.feature("ASG-14")
def test_more_than_180_days_may_be_asked_for_where_an_organisation_gives_more(harness: Harness, tree: Tree) -> None:
    harness.profile(tree.low, access_days=400)
    audience, course = harness.audience(*tree.people), harness.course()
    harness.settle()
    body = {"action": "assign", "offering_id": str(course), "access_days": 401}
    body["targets"] = [{"type": "audience", "target_id": str(audience)}]
    assert harness.http.post("/api/enrollment/previews", json=body).status_code == 422
    harness.assign(course, "audience", audience, access_days=399)
    assert days(harness, course, *tree.people) == [30, 30, 399, 180, 180]


@pytest.mark.feature("ASG-14", "ENR-3", "GRP-3")
def test_whoever_comes_alone_has_the_days_of_the_own_organisation(harness: Harness, tree: Tree) -> None:
    course = harness.course()
    harness.settle()
    group = harness.http.post(f"/api/enrollment/offerings/{course}/groups", json={"name": "A", "allow_enrol": True})
    (top, low) = tree.people[0], tree.people[2]
    for person in (top, low):
        address = f"/api/enrollment/groups/{group.json()['result']['assignment_id']}/join"
        assert harness.client(person).post(address, json={"confirm": True}).status_code == 200
    assert days(harness, course, top, low) == [30, 60]


@pytest.mark.feature("ASG-14", "ASG-22")
def test_learners_are_judged_together_unless_their_organisations_give_other_days(harness: Harness, tree: Tree) -> None:
    open_course, course = harness.course("Open"), harness.course("Own", access_days=90)
    audience = harness.audience(*tree.people)
    harness.settle()
    for offering in (open_course, course):
        preview = harness.preview(offering, ("audience", audience, False))
        harness.http.post(f"/api/enrollment/previews/{preview['id']}/confirm")
    with harness.database.connection() as conn:
        found = [len(evaluate(conn, tree.people, offering).verdicts) for offering in (open_course, course)]
    assert found == [3, 1]


@pytest.mark.feature("ASG-14", "DIR-7")
def test_profiles_from_before_are_read_and_do_not_undo_a_newer_one(harness: Harness, tree: Tree) -> None:
    course = harness.course()
    harness.settle()
    with harness.database.connection() as conn:
        conn.execute("DELETE FROM organisation_fact WHERE id = %s", [tree.top])
        conn.execute("UPDATE organisation_fact SET access_days = 5, revision = revision + 10 WHERE id = %s", [tree.low])
        conn.execute("DELETE FROM high_water WHERE consumer = %s", [OrganisationFacts.name])
    harness.settle()
    top, low = tree.people[0], tree.people[2]
    for person in (top, low):
        harness.enroll(person, course)
    assert days(harness, course, top, low) == [30, 5]
