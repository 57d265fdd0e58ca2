"""Replay: read models rebuilt from their sources beside the live ones, compared, and swapped (AUD-2)."""

from shared.replay.replaying import Comparison, Progress, Projection, Replay, TableDifference
from shared.replay.separately import replay_separately

__all__ = ["Comparison", "Progress", "Projection", "Replay", "TableDifference", "replay_separately"]
