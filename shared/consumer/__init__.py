"""Takes a source's entries, once each, in order per key (DESIGN 4)."""

from shared.consumer.batches import PROFILE_TYPES, read
from shared.consumer.consuming import CheckpointMoved, Consumer, Handler, checkpoints
from shared.feeds import PROFILES

__all__ = ["PROFILES", "PROFILE_TYPES", "CheckpointMoved", "Consumer", "Handler", "checkpoints", "read"]
