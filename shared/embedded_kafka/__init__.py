"""Apache Kafka of our own, one node on loopback, for tests and development: not for production (DESIGN 9)."""

from shared.embedded_kafka.programs import VERSION, KafkaPrograms, default_cache
from shared.embedded_kafka.server import EmbeddedKafka

__all__ = ["VERSION", "EmbeddedKafka", "KafkaPrograms", "default_cache"]
