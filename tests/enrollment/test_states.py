"""The states: the document is what the rules do, and random commands lead where a plain model says (ENR-1)."""

import pytest
import states
from states import COMMANDS, DOCUMENT, STATES, TODAY, outcome, written


@pytest.mark.feature("ENR-1")
def test_the_table_of_the_docs_is_what_the_rules_do() -> None:
    assert DOCUMENT.read_text() == written(DOCUMENT.read_text()), "run: python tests/enrollment/states.py"


@pytest.mark.feature("ENR-1")
@pytest.mark.parametrize("name", STATES)
def test_every_state_has_an_enrollment_that_is_in_it(name: str) -> None:
    assert STATES[name].status(TODAY) == name


@pytest.mark.feature("ENR-1")
def test_from_every_state_that_is_over_an_assignment_opens_the_next_term() -> None:
    assigned = COMMANDS["an assignment holds the learner"]
    for name in ("not-enrolled", "certification-expired", "access-expired", "withdrawn", "cancelled"):
        assert outcome(STATES[name], assigned) == "not-started (next term)"
    assert states.TODAY
