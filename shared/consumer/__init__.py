"""Takes a source's entries, once each, in order per key (DESIGN 4)."""

from shared.consumer.batches import PROFILE_TYPES, read
from shared.consumer.consuming import Consumer, Handler, Overtaken
from shared.feeds import PROFILES

__all__ = ["PROFILES", "PROFILE_TYPES", "Consumer", "Handler", "Overtaken", "read"]
