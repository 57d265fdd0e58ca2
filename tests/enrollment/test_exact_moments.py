"""What is so at the very moment, day or number at which it changes: of the rules themselves, which take the time as a value."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from states import AT, COURSE, NOW, REASON, RULE, STATES, TODAY, YESTERDAY

from services.enrollment.domain import completions, grants, progress
from services.enrollment.domain.assignments import check_access_days
from services.enrollment.domain.completions import Completion
from services.enrollment.domain.due_dates import Deadline, Due, holding, never_met, realistic, too_soon
from services.enrollment.domain.enrollment import Enrollment, evolve
from services.enrollment.domain.exceptions import latest_first
from services.enrollment.domain.groups import Group, describe
from services.enrollment.domain.offerings import check_window_of
from services.enrollment.domain.terms import Terms
from shared.contracts.enrollment import CertificateIssued, CompletionRejected, DueRule, ExamTaken, PaymentReceived
from shared.errors import Conflict, Invalid, Refusal

MOMENT = timedelta(microseconds=1)
TOMORROW = TODAY + timedelta(days=1)
SOON = NOW + timedelta(hours=1)
BEGUN = STATES["in-progress"]


@pytest.mark.parametrize(
    ("now", "refused"),
    [(NOW - MOMENT, "not-open-yet"), (NOW, None), (SOON - MOMENT, None), (SOON, "closed"), (SOON + MOMENT, "closed")],
)
def test_a_window_is_open_from_its_beginning_and_closed_at_its_end(now: datetime, refused: str | None) -> None:
    if refused is None:
        check_window_of("Forklift", NOW, SOON, now)
        return
    with pytest.raises(Conflict) as refusal:
        check_window_of("Forklift", NOW, SOON, now)
    assert refusal.value.kind == refused


def test_a_group_may_not_close_as_it_opens() -> None:
    group = Group(uuid4(), 1, COURSE.id, "Early", "", True, True, opens=NOW, closes=NOW + MOMENT)
    assert describe(group.assignment, 2, group).closes == group.closes
    with pytest.raises(Invalid, match="must close after it opens"):
        describe(group.assignment, 2, replace(group, closes=NOW))


def test_a_course_assignment_can_be_cancelled_for_a_whole_day_and_not_a_moment_longer() -> None:
    last = NOW + timedelta(hours=24)
    grants.check_cancellable(BEGUN, RULE, NOW, last, override=False)
    with pytest.raises(Conflict, match="within 24 hours"):
        grants.check_cancellable(BEGUN, RULE, NOW, last + MOMENT, override=False)
    grants.check_cancellable(BEGUN, RULE, NOW, last + MOMENT, override=True)


ORDER = [
    Deadline(TODAY, "00:00"),
    Deadline(TODAY, "00:01"),
    Deadline(TODAY, "09:10"),
    Deadline(TODAY, "09:59"),
    Deadline(TODAY, "10:00"),
    Deadline(TODAY, "10:09"),
    Deadline(TODAY, "10:10"),
    Deadline(TODAY, "23:59"),
    Deadline(TODAY),
    Deadline(TOMORROW, "00:00"),
    Deadline(TOMORROW),
]


@pytest.mark.parametrize("earliest", [False, True])
def test_the_date_that_holds_is_the_first_to_be_judged_and_who_has_none_is_the_last(earliest: bool) -> None:
    terms = Terms(NOW, TODAY, earliest=earliest)
    dues = [Due("unknown"), *(Due("set", on) for on in reversed(ORDER)), Due("none")]
    judged = sorted(dues, key=lambda due: latest_first(RULE, due, terms))
    assert [due.on for due in judged] == [*(ORDER if earliest else reversed(ORDER)), None, None]
    assert holding(ORDER[3], ORDER[4], earliest=earliest) == ORDER[3 if earliest else 4]
    one, other = sorted((uuid4(), uuid4()))
    assert latest_first(one, dues[1], terms) < latest_first(other, dues[1], terms)


def test_there_is_time_enough_as_long_as_the_minimum_is_left() -> None:
    stockholm, end = ZoneInfo("Europe/Stockholm"), datetime(2026, 11, 23, 23, tzinfo=UTC)
    assert Deadline(TODAY).ends(stockholm) == end
    assert not too_soon(Deadline(TODAY), end - timedelta(minutes=30), 30, stockholm)
    assert too_soon(Deadline(TODAY), end - timedelta(minutes=30) + MOMENT, 30, stockholm)
    assert not too_soon(Deadline(TODAY), end, 0, stockholm)
    assert [realistic(end + after, 0, stockholm).day.day for after in (-MOMENT, MOMENT)] == [30, 1]


@pytest.mark.parametrize(
    ("rule", "most"),
    [
        (DueRule(kind="enrollment", amount=1, unit="days"), 2 * 24 * 60),
        (DueRule(kind="enrollment", amount=2, unit="weeks"), 15 * 24 * 60),
        (DueRule(kind="enrollment", amount=1, unit="days", time="10:30"), 24 * 60 + 10 * 60 + 30),
        (DueRule(kind="enrollment", amount=1, unit="days", time="00:01"), 24 * 60 + 1),
    ],
)
def test_a_rule_can_be_met_as_long_as_the_minimum_is_no_longer_than_what_it_gives(rule: DueRule, most: int) -> None:
    assert never_met(rule, NOW, most, [UTC]) is None
    assert never_met(rule, NOW, most + 1, [UTC]) is not None


def test_access_can_be_shortened_to_today_and_to_no_day_before() -> None:
    state = replace(BEGUN, access={RULE: TOMORROW}, access_until=TOMORROW)
    shortened = grants.shorten(state, RULE, TODAY, TODAY)
    assert shortened is not None
    assert shortened.after.access_until == TODAY
    assert grants.shorten(state, RULE, TOMORROW, TODAY) is None
    for wrong in (YESTERDAY, TOMORROW + timedelta(days=1)):
        with pytest.raises(Invalid):
            grants.shorten(state, RULE, wrong, TODAY)


def test_the_last_day_of_access_and_of_a_certificate_counts() -> None:
    completed = replace(STATES["completed"], valid_until=TODAY)
    assert [BEGUN.accessible(day) for day in (TODAY, TOMORROW)] == [True, False]
    assert [completed.certified(day) for day in (TODAY, TOMORROW)] == [True, False]
    assert [bool(grants.expire(BEGUN, day)) for day in (TODAY, TOMORROW)] == [False, True]
    assert grants.expire(completed, TOMORROW) is None


@pytest.mark.parametrize(
    ("days", "most"), [(1, 30), (30, 30), (None, 30)], ids=["the shortest", "the longest", "as the course says"]
)
def test_an_access_period_has_one_day_at_least_and_what_the_course_gives_at_most(days: int | None, most: int) -> None:
    check_access_days(replace(COURSE, access_days=most), days)


@pytest.mark.parametrize(("days", "until"), [(0, None), (31, None), (31, TODAY)])
def test_any_other_access_period_is_refused(days: int, until: date | None) -> None:
    said = f"for 30 days, that is until {YESTERDAY};" if until else "for 30 days;"
    with pytest.raises(Invalid, match=said):
        check_access_days(replace(COURSE, access_days=30), days, as_day=until)


def test_a_completion_is_of_today_at_the_latest_and_may_expire_on_its_day() -> None:
    completions.check(Completion(TODAY, TODAY, "by-hand"), TODAY)
    for wrong in (Completion(TOMORROW, None, "by-hand"), Completion(TODAY, YESTERDAY, "by-hand")):
        with pytest.raises(Invalid):
            completions.check(wrong, TODAY)


def test_a_completion_takes_the_place_of_an_older_one_only() -> None:
    def record(day: date, valid_until: date | None = None) -> object:
        return completions.record(
            STATES["completed"], COURSE, Completion(day, valid_until, "by-hand"), evidence=None, serial=AT.serial
        )

    assert record(TODAY) is None
    for day, valid_until in ((TODAY, TOMORROW), (YESTERDAY, None)):
        with pytest.raises(Conflict, match="is already on record"):
            record(day, valid_until)
    assert record(TOMORROW) is not None


def exam(state: Enrollment, score: int) -> tuple[bool, bool, bool]:
    """Whether it is passed, whether the training is completed, and whether there is a certificate for it now."""
    change = progress.take_exam(state, COURSE, 2, score, AT)
    assert change is not None
    (taken,) = [event for event in change.events if isinstance(event, ExamTaken)]
    certified = any(isinstance(event, CertificateIssued) for event in change.events)
    return taken.passed, change.after.completed_at is not None, certified


def test_the_pass_mark_passes_and_one_percent_less_does_not() -> None:
    assert [exam(BEGUN, score) for score in (0, 79)] == [(False, False, False)] * 2
    assert [exam(BEGUN, score) for score in (80, 100)] == [(True, True, True)] * 2
    assert exam(STATES["completed"], 80) == (True, True, False)
    for wrong in (-1, 101):
        with pytest.raises(Invalid, match="0 to 100"):
            progress.take_exam(BEGUN, COURSE, 2, wrong, AT)


def test_steps_are_counted_from_one_to_the_last() -> None:
    lost = replace(BEGUN, steps=frozenset())
    assert [progress.next_step(state, COURSE) for state in (lost, BEGUN, STATES["completed"])] == [1, 2, None]
    for wrong in (0, 3):
        with pytest.raises(Invalid, match="numbered 1 to 2"):
            progress.launch(BEGUN, COURSE, wrong, TODAY)
    in_order = replace(COURSE, in_order=True)
    assert progress.launch(BEGUN, in_order, 1, TODAY) is not None
    assert progress.launch(BEGUN, in_order, 2, TODAY) is None
    with pytest.raises(Refusal, match="step 1 is next"):
        progress.launch(lost, in_order, 2, TODAY)


@pytest.mark.parametrize(("asked", "again"), [((), (2,)), ((1,), (1,)), ((2, 1, 2), (1, 2))])
def test_what_is_sent_back_is_repeated_from_the_last_step_or_those_that_are_named(
    asked: tuple[int, ...], again: tuple[int, ...]
) -> None:
    (event,) = progress.reject(STATES["pending-approval"], COURSE, asked, REASON).events
    assert isinstance(event, CompletionRejected)
    assert event.steps == again


@pytest.mark.parametrize("wrong", [(0,), (3,), (1, 3)])
def test_steps_that_there_are_not_cannot_be_sent_back(wrong: tuple[int, ...]) -> None:
    with pytest.raises(Invalid, match="numbered 1 to 2"):
        progress.reject(STATES["pending-approval"], COURSE, wrong, REASON)


def test_the_day_of_access_that_holds_is_the_latest_of_all_grants() -> None:
    other = UUID(int=77)
    state = replace(BEGUN, grants=frozenset({RULE, other}), access={RULE: TODAY, other: TOMORROW})
    shortened = grants.shorten(state, other, TODAY, TODAY)
    assert shortened is not None
    assert shortened.after.access_until == TODAY
    left = grants.leave(state, other)
    assert left is not None
    assert (left.after.access_until, left.after.live) == (TODAY, True)
    without_end = grants.shorten(replace(state, access={RULE: TODAY}, access_until=None), RULE, TODAY, TODAY)
    assert without_end is None


@pytest.mark.feature("ENR-2")
def test_what_an_administrator_says_is_paid_keeps_the_order_that_was_placed() -> None:
    order, other = uuid4(), uuid4()
    due = replace(BEGUN, payment="due", order=order)
    told = {"originator_id": due.id, "originator_version": due.version + 1, "term": due.term, "by": "by-hand"}
    told |= {"person_id": due.person, "offering_id": due.offering}
    by_hand = evolve(due, PaymentReceived.model_validate({**told, "order_id": None}))
    by_provider = evolve(due, PaymentReceived.model_validate({**told, "order_id": other, "by": "provider"}))
    assert by_hand
    assert by_provider
    assert (by_hand.payment, by_hand.order, by_provider.order) == ("paid", order, other)
