"""The ids of enrollments, of many at once too."""

from collections.abc import Iterable
from hashlib import sha1
from uuid import UUID

_NAMESPACE = UUID("6f1d0e1c-6a55-4d0c-9a41-0d0b3f6f7a11")
_VARIANT_AND_VERSION_5 = (0x8000 << 48) | (5 << 76)
_NEITHER_VARIANT_NOR_VERSION = ~((0xC000 << 48) | (0xF000 << 64))


def enrollment_id(person: UUID, offering: UUID) -> UUID:
    """There is one enrollment for each learner and offering, and its id says so: a UUID of version 5."""
    return enrollment_ids([person], offering)[0]


def enrollment_ids(people: Iterable[UUID], offering: UUID) -> list[UUID]:
    """As `uuid5` makes them of `person/offering`, in half the time."""
    begun, on = sha1(_NAMESPACE.bytes, usedforsecurity=False), f"/{offering}".encode()
    ids = []
    for person in people:
        hashed = begun.copy()
        hashed.update(str(person).encode() + on)
        number = int.from_bytes(hashed.digest()[:16], "big")
        ids.append(UUID(int=(number & _NEITHER_VARIANT_NOR_VERSION) | _VARIANT_AND_VERSION_5))
    return ids
