"""The rules of pools and keys, without a database: given what happened, when somebody wants something, then this or a refusal."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from services.keys.domain import key_texts, keys, pools
from services.keys.domain.keys import Key, Learner
from services.keys.domain.pools import Course, Pool, Terms
from shared.contracts.keys import KeyRedeemed, KeyReleased, KeyReopened, KeyReserved, KeyRevoked, PoolDescribed
from shared.errors import Refusal
from shared.events import Event, TextRef

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
TERMS = Terms("Spring", NOW, NOW + timedelta(days=30), 60)
COURSE = Course(uuid4(), "Forklift", is_course=True, active=True, access_days=90)
POOL = Pool(uuid4(), 1, COURSE.id, uuid4(), TERMS)
FREE = Key(uuid4(), 1, POOL.id, "0" * 16, generated=True)
LEARNER = Learner(uuid4(), active=True, belongs=True)
REASON = TextRef(id=uuid4(), digest="0" * 64)


def after(key: Key, *events: Event) -> Key:
    for event in events:
        key = keys.evolve(key, event) or key
    return key


def reserved(learner: Learner = LEARNER, at: datetime = NOW, key: Key = FREE) -> list[Event]:
    return keys.reserve(key, POOL, COURSE, learner, uuid4(), at)


def redeemed() -> Key:
    key = after(FREE, *reserved())
    return after(key, *keys.redeem(key, key.redemption or uuid4(), uuid4()))


def kind(refused: pytest.ExceptionInfo[Refusal]) -> str:
    return refused.value.kind


@pytest.mark.feature("KEY-1")
def test_a_pool_is_for_a_course_and_gives_no_more_days_than_the_course() -> None:
    (event,) = pools.create(uuid4(), COURSE, uuid4(), TERMS)
    assert isinstance(event, PoolDescribed)
    assert (event.access_days, event.offering_id, event.share_below) == (60, COURSE.id, False)
    for course, terms, field in (
        (replace(COURSE, is_course=False), TERMS, "offering_id"),
        (COURSE, replace(TERMS, access_days=91), "access_days"),
        (COURSE, replace(TERMS, expires=NOW), "expires"),
    ):
        with pytest.raises(Refusal) as refused:
            pools.create(uuid4(), course, uuid4(), terms)
        assert refused.value.field == field


@pytest.mark.feature("KEY-2")
def test_a_pool_can_be_edited_also_when_its_course_has_become_shorter() -> None:
    shorter = replace(COURSE, access_days=30)
    assert pools.edit(POOL, COURSE, TERMS) == []
    (event,) = pools.edit(POOL, shorter, replace(TERMS, name="Summer"))
    after = pools.evolve(POOL, event)
    assert after is not None
    assert (after.version, after.terms.name, after.offering) == (2, "Summer", POOL.offering)
    with pytest.raises(Refusal):
        pools.edit(POOL, shorter, replace(TERMS, access_days=31))


@pytest.mark.feature("KEY-2")
def test_a_key_is_redeemable_from_the_start_to_just_before_the_end() -> None:
    assert [type(e) for e in reserved(at=TERMS.starts)] == [KeyReserved]
    assert reserved(at=TERMS.expires - timedelta(microseconds=1))
    for at, why in ((TERMS.starts - timedelta(microseconds=1), "not-yet-valid"), (TERMS.expires, "expired")):
        with pytest.raises(Refusal) as refused:
            reserved(at=at)
        assert kind(refused) == why


@pytest.mark.feature("KEY-4")
def test_a_key_is_reserved_once_and_redeemed_by_the_answer_that_it_waits_for() -> None:
    key = after(FREE, *reserved())
    assert key.redemption is not None
    assert keys.redeem(key, uuid4(), uuid4()) == []
    (event,) = keys.redeem(key, key.redemption, uuid4())
    assert isinstance(event, KeyRedeemed)
    done = after(key, event)
    assert (done.state, done.assignment, done.person) == ("redeemed", event.assignment_id, LEARNER.id)
    assert keys.redeem(done, key.redemption, event.assignment_id) == []
    assert keys.release(done, key.redemption, "still-enrolled") == []
    for taken in (key, done):
        with pytest.raises(Refusal) as refused:
            reserved(key=taken)
        assert kind(refused) == "used"


@pytest.mark.feature("KEY-6")
def test_a_key_that_enrollment_refused_is_unused() -> None:
    key = after(FREE, *reserved())
    (event,) = keys.release(key, key.redemption or uuid4(), "still-enrolled")
    assert isinstance(event, KeyReleased)
    free = after(key, event)
    assert (free.state, free.person, free.redemption) == ("free", None, None)
    assert reserved(key=free)


@pytest.mark.feature("KEY-9")
def test_whoever_is_of_another_organisation_is_not_told_how_the_key_stands() -> None:
    with pytest.raises(Refusal) as refused:
        reserved(replace(LEARNER, belongs=False), at=TERMS.expires, key=redeemed())
    assert kind(refused) == "other-organisation"


@pytest.mark.feature("KEY-6")
def test_leavers_and_inactive_courses_are_refused_before_the_key_is_reserved() -> None:
    with pytest.raises(Refusal) as refused:
        reserved(replace(LEARNER, active=False))
    assert kind(refused) == "inactive-person"
    with pytest.raises(Refusal) as refused:
        keys.reserve(FREE, POOL, replace(COURSE, active=False), LEARNER, uuid4(), NOW)
    assert kind(refused) == "offering-inactive"


@pytest.mark.feature("KEY-12")
def test_revoking_a_redeemed_key_asks_what_becomes_of_its_assignment() -> None:
    key = redeemed()
    with pytest.raises(Refusal) as refused:
        keys.revoke(key, None, end_assignment=None, override=False)
    assert kind(refused) == "end-assignment-missing"
    (event,) = keys.revoke(key, REASON, end_assignment=True, override=True)
    assert isinstance(event, KeyRevoked)
    assert (event.assignment_id, event.person_id, event.end_assignment) == (key.assignment, key.person, True)
    assert event.override
    with pytest.raises(Refusal) as refused:
        reserved(key=after(key, event))
    assert kind(refused) == "revoked"


@pytest.mark.feature("KEY-12")
def test_a_key_without_an_assignment_is_revoked_without_that_question_and_not_while_it_is_redeemed() -> None:
    (event,) = keys.revoke(FREE, None, end_assignment=None, override=True)
    assert isinstance(event, KeyRevoked)
    assert not event.end_assignment
    assert not event.override
    for key, wanted in ((FREE, True), (after(FREE, *reserved()), None), (after(FREE, event), None)):
        with pytest.raises(Refusal):
            keys.revoke(key, None, end_assignment=wanted, override=False)


@pytest.mark.feature("KEY-12")
@pytest.mark.parametrize(("ended", "state"), [(True, "free"), (False, "redeemed")])
def test_a_reopened_key_is_free_where_its_assignment_was_to_end_and_else_what_it_was(ended: bool, state: str) -> None:
    key = redeemed()
    revoked = after(key, *keys.revoke(key, None, end_assignment=ended, override=False))
    assert revoked.person == LEARNER.id
    (event,) = keys.reopen(revoked, REASON)
    assert isinstance(event, KeyReopened)
    assert after(revoked, event).state == state
    with pytest.raises(Refusal) as refused:
        keys.reopen(key, REASON)
    assert kind(refused) == "not-revoked"


@pytest.mark.feature("KEY-10")
def test_a_generated_key_has_128_bits_and_no_letter_that_is_taken_for_another() -> None:
    made = {key_texts.generate() for _ in range(1_000)}
    assert len(made) == 1_000
    for text in made:
        counted = key_texts.canonical(text)
        assert len(counted) * 5 >= 128
        assert set(counted) <= set(key_texts.ALPHABET)
        assert text.replace("-", "") == counted
        assert key_texts.fault(text, 12) is None
    assert len(set("".join(made))) == 33  # the whole alphabet, and the hyphen
    assert not set("ILOU") & set(key_texts.ALPHABET)


@pytest.mark.feature("KEY-10")
@pytest.mark.parametrize(
    "typed",
    [
        "ABCDE-01234-KMNPQ",
        "abcde 01234 kmnpq",
        "  AbCdE\u201301234\u00a0kmnpq\t",
        "ABCDEO1234KMNPQ",
        "abcdeoi234kmnpq",
        "abcdeOl234\u200bkmnpq",
        "\uff21BCDE01234KMNPQ",
    ],
)
def test_case_blanks_hyphens_and_look_alikes_do_not_matter(typed: str) -> None:
    assert key_texts.canonical(typed) == "ABCDE01234KMNPQ"


def test_what_counts_of_ascii_is_what_counts_of_any_text() -> None:
    for number in range(128):
        assert key_texts.canonical(f"a{chr(number)}b") == key_texts.canonical(f"a{chr(number)}b\u200b"), number


@pytest.mark.feature("KEY-3")
@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "empty"),
        (" - ", "empty"),
        ("ABCDE-0123", "too-short"),
        ("ABCDE-01234-KMNPQ\0", "malformed"),
        ("=cmd|' /C calc'!A0", "malformed"),
        ("ÄBCDE-01234-KMNPQ", "malformed"),
        ("A" * 65, "malformed"),
        ("A" * 30 + " " * 200, "malformed"),
        ("A" * 64, None),
    ],
)
def test_what_can_be_no_key_is_told_with_the_reason(typed: str, why: str | None) -> None:
    assert key_texts.fault(typed, 12) == why


def test_ids_of_events_are_those_of_what_they_are_about() -> None:
    (event,) = reserved()
    assert isinstance(event, KeyReserved)
    assert (event.originator_id, event.originator_version, event.pool_id) == (FREE.id, 2, POOL.id)
    assert (event.offering_id, event.access_days, event.person_id) == (COURSE.id, 60, LEARNER.id)
    assert isinstance(event.redemption_id, UUID)
