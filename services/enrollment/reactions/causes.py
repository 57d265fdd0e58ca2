"""Which events of another service one command caused, so that everything that follows keeps its batch."""

from collections.abc import Iterator, Sequence

from shared.events import Meta, Recorded


def by_cause(events: Sequence[Recorded], source: str) -> Iterator[tuple[Meta, list[Recorded]]]:
    """Runs of events of one batch, with what to say of all that follows from them."""
    run: list[Recorded] = []
    for recorded in events:
        if run and recorded.meta.correlation != run[0].meta.correlation:
            yield run[0].causing(source), run
            run = []
        run.append(recorded)
    if run:
        yield run[0].causing(source), run
