"""Checkpoints as signed notes (C2SP's tlog-checkpoint and signed-note, with Ed25519): tools for transparency logs read them."""

import base64
import binascii
import hashlib
import re
from typing import NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_ALGORITHM = b"\x01"
_SIGNATURE = re.compile("\u2014 (\\S+) (\\S+)")
_SIZE = re.compile("0|[1-9][0-9]{0,18}")


class Checkpoint(NamedTuple):
    """The root of the first `size` events of a history. `origin` is which history that is."""

    origin: str
    size: int
    root: bytes


class Forged(ValueError):
    """A note that none of the known keys has signed, or that is no checkpoint."""


def origin_of(service: str, epoch: UUID) -> str:
    """A service's history in one epoch."""
    return f"rollbook/{service}/{epoch}"


def export_of(origin: str) -> str:
    """What an export of that history is signed as."""
    return f"{origin}/export"


class Signer:
    """A private key of 32 bytes."""

    def __init__(self, key: str) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(key))

    @property
    def public(self) -> bytes:
        return self._key.public_key().public_bytes_raw()

    def sign(self, checkpoint: Checkpoint) -> str:
        """The note."""
        text = f"{checkpoint.origin}\n{checkpoint.size}\n{_encoded(checkpoint.root)}\n"
        signature = _key_id(checkpoint.origin, self.public) + self._key.sign(text.encode())
        return f"{text}\n\u2014 {checkpoint.origin} {_encoded(signature)}\n"


def opened(note: str, keys: list[bytes]) -> Checkpoint:
    """What the note says, once one of these public keys is found to have signed it. Raises Forged."""
    text, blank, signatures = note.partition("\n\n")
    checkpoint = _read(text)
    if not blank or not any(_signed(f"{text}\n", line, checkpoint.origin, keys) for line in signatures.splitlines()):
        raise Forged("none of the given keys has signed it")
    return checkpoint


def claimed(note: str) -> Checkpoint | None:
    """What a note says, whoever signed it."""
    try:
        return _read(note.partition("\n\n")[0])
    except Forged:
        return None


def verifier_key(origin: str, public: bytes) -> str:
    """A public key as such tools take it."""
    return f"{origin}+{_key_id(origin, public).hex()}+{_encoded(_ALGORITHM + public)}"


def public_key(text: str) -> bytes:
    """From 64 hexadecimal digits, 44 characters of Base64, or a verifier key. Raises ValueError."""
    text = text.strip()
    try:
        found = bytes.fromhex(text) if len(text) == 64 else base64.b64decode(text.rpartition("+")[2], validate=True)
    except binascii.Error:
        raise ValueError("a public key is 64 hexadecimal digits, or Base64") from None
    found = found.removeprefix(_ALGORITHM) if len(found) == 33 else found
    if len(found) != 32:
        raise ValueError("a public key of Ed25519 has 32 bytes")
    return found


def _read(text: str) -> Checkpoint:
    lines = text.split("\n")
    if len(lines) < 3 or not lines[0] or not _SIZE.fullmatch(lines[1]):
        raise Forged("it is no checkpoint")
    try:
        root = base64.b64decode(lines[2], validate=True)
    except binascii.Error:
        raise Forged("it is no checkpoint") from None
    return Checkpoint(lines[0], int(lines[1]), root)


def _signed(text: str, line: str, origin: str, keys: list[bytes]) -> bool:
    found = _SIGNATURE.fullmatch(line)
    if not found or found[1] != origin:
        return False
    try:
        signature = base64.b64decode(found[2], validate=True)
    except binascii.Error:
        return False
    return any(signature[:4] == _key_id(origin, key) and _verifies(key, signature[4:], text) for key in keys)


def _verifies(key: bytes, signature: bytes, text: str) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, text.encode())
    except InvalidSignature:
        return False
    return True


def _key_id(name: str, public: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + _ALGORITHM + public).digest()[:4]


def _encoded(value: bytes) -> str:
    return base64.b64encode(value).decode()
