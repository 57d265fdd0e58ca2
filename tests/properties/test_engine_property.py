"""Whatever people, administrators and the directory do in whatever order: everybody stands as a plain model says."""

from collections.abc import Callable, Iterator

import pytest
from enrollment.harness import Harness
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from properties.engine_harness import TODAY, Stutter
from properties.engine_undo import Undoing

from shared.database import Database

PHASES = (Phase.generate,)
"""A failing history is shown as it was found: to shrink it takes minutes. Add `Phase.shrink` to do so."""


@pytest.fixture
def harness(database: Callable[..., Database], feed_conninfo: Callable[[Database], str]) -> Iterator[Harness]:
    """One for all examples; each has people and offerings of its own."""
    one = Harness(database, feed_conninfo)
    one.on(TODAY)
    for consumer in one.consumers:
        consumer._feed = Stutter(consumer._feed)  # type: ignore[assignment]
    yield one
    one.close()


@pytest.mark.timeout(0)
@pytest.mark.feature("ASG-2", "ASG-6", "ASG-7", "ASG-9", "ASG-10", "ASG-15", "ASG-18")
@pytest.mark.feature("ASG-12", "ASG-20", "CAT-10", "TRG-1", "TRG-2", "TRG-3")
@pytest.mark.feature("GRP-4", "GRP-5", "GRP-7", "DUE-3", "DUE-4", "DUE-6", "DUE-8")
def test_every_history_leads_where_a_plain_model_says_and_every_preview_is_exact(
    harness: Harness, request: pytest.FixtureRequest
) -> None:
    """Each run of the suite tries the same histories; `--examples 1000` (with `--hypothesis-seed 7`) tries many longer ones."""
    examples = request.config.getoption("--examples")
    Undoing.harness = harness
    run_state_machine_as_test(
        Undoing,
        settings=settings(
            max_examples=examples or 25,
            stateful_step_count=40 if examples else 15,
            derandomize=not examples,
            phases=PHASES,
            database=None,
            deadline=None,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
