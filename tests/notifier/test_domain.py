"""Pauses, and what is kept of a mail server's words."""

import pytest

from services.notifier.domain import (
    DeliveryOutcome,
    Outcome,
    RetryPolicy,
    State,
    after,
    one_line,
    without_personal_data,
)


@pytest.mark.feature("NTF-7")
def test_pauses_grow_up_to_the_set_longest_one() -> None:
    patience = RetryPolicy(first=10, last=3600, attempts=20)
    assert [patience.pause(n) for n in (1, 2, 3, 9, 10, 20, 5000)] == [10, 20, 40, 2560, 3600, 3600, 3600]


@pytest.mark.feature("NTF-4", "NTF-7")
@pytest.mark.parametrize(
    ("code", "attempts", "state"),
    [
        (250, 1, State.SENT),
        (451, 1, State.WAITING),
        (451, 2, State.FAILED),
        (550, 1, State.FAILED),
        (354, 1, State.UNKNOWN),
    ],
)
def test_the_answer_to_the_message_decides(code: int, attempts: int, state: State) -> None:
    assert after(Outcome.answered(code, ""), attempts, RetryPolicy(1, 1, 2)).state is state


@pytest.mark.feature("NTF-4")
def test_no_answer_is_never_tried_again_however_patient() -> None:
    assert after(Outcome(DeliveryOutcome.UNKNOWN, ""), 1, RetryPolicy(1, 1, 99)).state is State.UNKNOWN


@pytest.mark.feature("NTF-4")
@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ("5.1.1 <Ada@Example.org>: unknown", "5.1.1 <(address)>: unknown"),
        ("mailbox ADA is full\r\nX-Evil: 1", "mailbox (address) is full X-Evil: 1"),
        ("see other+tag@elsewhere.example", "see (address)"),
        ("Adamant refusal", "Adamant refusal"),
        ("x" * 600, "x" * 500),
    ],
)
def test_addresses_are_not_kept_in_answers(answer: str, kept: str) -> None:
    assert without_personal_data(answer, "ada@example.org") == kept


@pytest.mark.feature("NTF-4")
def test_one_line_has_no_control_characters() -> None:
    assert one_line("a\r\nb\x00c\u2028d  e") == "a b c d e"
