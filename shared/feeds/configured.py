"""Which feeds a process uses: the one place that knows (DESIGN 4)."""

from shared.errors import Invalid
from shared.feeds import Feeds
from shared.feeds.kafka import KafkaFeeds
from shared.feeds.postgres import PostgresFeeds
from shared.settings import Settings


def configured(settings: Settings) -> Feeds:
    """Kafka where a broker is named, else the databases of the other services."""
    if settings.kafka:
        return KafkaFeeds(settings)

    def conninfo(source: str) -> str:
        """Raises Invalid, naming the setting, for a source that is not configured."""
        if source not in settings.feeds:
            raise Invalid(f"ROLLBOOK_FEEDS has no address for the source {source}. Add one.", field="feeds")
        return settings.feeds[source]

    return PostgresFeeds(conninfo)
