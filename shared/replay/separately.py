"""Replay of facts (AUD-2): what each consumer has taken of its source, one after the other, as each has its own tables."""

from collections.abc import Sequence

from shared.database import Database
from shared.feeds import Feeds
from shared.replay.replaying import Comparison, Progress, Projection, Replay
from shared.settings import Settings


def replay_separately(
    database: Database,
    handlers: Sequence[Projection],
    feeds: Feeds,
    settings: Settings,
    package: str,
    progress: Progress,
) -> Comparison:
    """Compares and never swaps. What a handler does beside its facts (work that it queues, timers that it sets) is done beside the
    live tables, too, and goes with them."""
    found = [
        Replay(database, [handler], feeds, settings, package).run(progress=progress)
        for handler in handlers
        if handler.tables
    ]
    return Comparison(
        differences=sum(one.differences for one in found),
        tables=[table for one in found for table in one.tables],
        positions=sorted({position for one in found for position in one.positions}),
        parked=sum(one.parked for one in found),
        rebuild_seconds=sum(one.rebuild_seconds for one in found),
    )
