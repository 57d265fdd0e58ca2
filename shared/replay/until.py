"""A source as far as the live read models have taken it."""

from collections.abc import Sequence

from shared.feeds import Checkpoint, Checkpoints, Feed, Record


class Until:
    """A feed that ends at a place in each partition. In another epoch than the place's it has no end: all of it is new."""

    def __init__(self, feed: Feed) -> None:
        self.source = feed.source
        self.unbounded = feed
        self.target: Checkpoints = {}
        self._beyond: set[int] = set()
        """Partitions in which there was an entry after the end: nothing before it is still to come."""

    def aim(self, target: Checkpoints) -> None:
        """A new end."""
        self.target = target
        self._beyond.clear()

    def partitions(self) -> int:
        return self.unbounded.partitions()

    def read(self, after: Checkpoints, limit: int) -> Sequence[Record]:
        records = self.unbounded.read(after, limit)
        if records and self.unbounded.partitions() == 1 and self._within(records[0]) and self._within(records[-1]):
            return records
        records = [r for r in records if r.partition in self.target]
        within = [r for r in records if self._within(r)]
        self._beyond |= {r.partition for r in records if not self._within(r)}
        return within

    def _within(self, record: Record) -> bool:
        end = self.target.get(record.partition)
        return end is not None and (record.epoch != end.epoch or record.position <= end.position)

    def ended(self, reached: Checkpoints) -> bool:
        """Whether everything up to the end was taken, or is no longer there."""
        missing = {
            p: reached.get(p, Checkpoint(end.epoch, 0))
            for p, end in self.target.items()
            if p not in self._beyond and (p not in reached or reached[p].position < end.position)
        }
        return not missing or not self.lag(reached)

    def lag(self, after: Checkpoints) -> int:
        return self.unbounded.lag(after)

    def wait(self, seconds: float) -> None:
        self.unbounded.wait(seconds)

    def close(self) -> None:
        self.unbounded.close()
