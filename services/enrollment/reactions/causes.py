"""Which events of another service one command caused, so that everything that follows keeps its batch."""

from collections.abc import Iterator, Sequence

from shared.events import Meta, Recorded


def by_cause(events: Sequence[Recorded], source: str) -> Iterator[tuple[Meta, list[Recorded]]]:
    """Runs of events of one batch, with what to say of all that follows from them."""
    run: list[Recorded] = []
    for recorded in events:
        if run and recorded.meta.correlation != run[0].meta.correlation:
            yield _cause(run[0], source), run
            run = []
        run.append(recorded)
    if run:
        yield _cause(run[0], source), run


def _cause(recorded: Recorded, source: str) -> Meta:
    causation = f"{source}/{recorded.event.originator_id}/{recorded.event.originator_version}"
    return recorded.meta.model_copy(update={"causation": causation, "reason_code": source})
