"""A record as it travels on Kafka: CloudEvents 1.0 in binary mode, keyed by its stream (EVT-1).

Every header comes from a column of the store; the value is the stored bytes. Attributes beside those of CloudEvents:
`position` and `previous` (in this partition), `epoch`, `streamversion`, `meta`, and `traceparent` where there is one.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from aiokafka import ConsumerRecord

from shared.feeds import PROFILES, WATERMARK, Record

Headers = list[tuple[str, bytes]]

_JSON = b"application/json"
_SPEC = b"1.0"
_NIL = UUID(int=0)


def partition_of(key: UUID, partitions: int) -> int:
    """The same for ever, whoever sends: by the number of the key."""
    return key.int % partitions


def key_of(record: Record) -> bytes:
    return str(record.key).encode()


def source_of(source: str) -> bytes:
    """The attribute `source` of a source's events."""
    return f"/rollbook/{source.replace('.', '/')}".encode()


class Addressing:
    """Writes the headers of one source's records. What is the same for many of them is made once."""

    def __init__(self, source: str) -> None:
        self._always: Headers = [("ce_specversion", _SPEC), ("ce_source", source_of(source)), ("content-type", _JSON)]
        self._by_type = lru_cache(maxsize=1_000)(lambda type: ("ce_type", type.encode()))
        self._by_epoch = lru_cache(maxsize=100)(lambda number: ("ce_epoch", str(UUID(int=number)).encode()))
        self._by_time = lru_cache(maxsize=100)(lambda time: ("ce_time", time.isoformat().encode()))
        self._by_meta = lru_cache(maxsize=1_000)(_of_meta)

    def headers(self, record: Record, key: bytes, previous: int) -> Headers:
        """`previous`: the position before this one in the partition."""
        epoch = self._by_epoch(record.epoch.int)
        version = b"%d" % record.version
        return [
            *self._always,
            self._by_type(record.type),
            self._by_time(record.recorded_at),
            epoch,
            ("ce_id", b"%s/%s/%s" % (epoch[1], key, version)),
            ("ce_subject", key),
            ("ce_position", b"%d" % record.position),
            ("ce_previous", b"%d" % previous),
            ("ce_streamversion", version),
            *self._by_meta(record.meta),
        ]


def _of_meta(meta: str) -> Headers:
    found: Headers = [("ce_meta", meta.encode())] if meta else []
    if '"traceparent"' in meta:
        found.append(("ce_traceparent", str(json.loads(meta)["traceparent"]).encode()))
    return found


def watermark_headers(
    source: bytes, *, epoch: UUID, position: int, previous: int, partition: int, now: datetime
) -> Headers:
    return [
        ("ce_specversion", _SPEC),
        ("ce_id", f"{epoch}/watermark/{partition}/{position}".encode()),
        ("ce_source", source),
        ("ce_type", WATERMARK.encode()),
        ("ce_time", now.isoformat().encode()),
        ("content-type", _JSON),
        ("ce_position", b"%d" % position),
        ("ce_previous", b"%d" % previous),
        ("ce_epoch", str(epoch).encode()),
    ]


def read(source: str, message: "ConsumerRecord[bytes, bytes]") -> Record | None:
    """None for a message that no relay has written: it has no place in the history."""
    found = dict(message.headers)
    try:
        type = _text(found["ce_type"])
        mark = type == WATERMARK
        return Record(
            int(found["ce_position"]),
            0 if source == PROFILES else int(found["ce_previous"]),
            _epoch(found["ce_epoch"]),
            _NIL if mark else UUID((message.key or b"").decode()),
            type,
            0 if mark else int(found["ce_streamversion"]),
            _time(found["ce_time"]),
            _text(found.get("ce_meta", b"")),
            message.value or b"",
            message.partition,
            message.offset,
        )
    except (KeyError, ValueError):
        return None


@lru_cache(maxsize=1_000)
def _text(value: bytes) -> str:
    return value.decode()


@lru_cache(maxsize=100)
def _epoch(value: bytes) -> UUID:
    return UUID(value.decode())


@lru_cache(maxsize=1_000)
def _time(value: bytes) -> datetime:
    return datetime.fromisoformat(value.decode())


def readable(source: str, messages: Iterable["ConsumerRecord[bytes, bytes]"]) -> tuple[list[Record], int]:
    """The records, and how many messages were none."""
    read_ones = [read(source, message) for message in messages]
    records = [record for record in read_ones if record is not None]
    return records, len(read_ones) - len(records)
