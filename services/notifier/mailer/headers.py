"""The head of an e-mail. Typed text is encoded here and goes through no parser on its way out; `check` looks at the result.

Own code, because the library's (`email.policy`) decodes what looks encoded, and loses quotation marks where it folds.
"""

import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple, TypeVar

from shared.addresses import Address

T = TypeVar("T", str, bytes)

_LINE = 76
"""The longest line with an encoded word in it (RFC 2047, 2)."""
_WORD = 75
_FRAME = len("=?utf-8?q??=")
_HARD_LIMIT = 998
"""The longest line of any kind, in bytes (RFC 5322, 2.1.1)."""

_PLAIN = re.compile(r"[!-~]+(?: [!-~]+)*")
_ATOM_TEXT = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+")
_LITERAL = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
"""What stands for itself in an encoded word, in a name too (RFC 2047, 5)."""

_FIELD = re.compile(rb"([!-9;-~]+): (.+)", re.DOTALL)
_ENCODED_WORD = rb"=\?utf-8\?[bq]\?[!->@-~]+\?="
_ATOM = rb"(?!=\?)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ONE_MAILBOX = re.compile(rb"(?:(?:%s|%s) )*<([^<>\s]+)>" % (_ENCODED_WORD, _ATOM))


class Malformed(Exception):
    """A head that must not leave. Says what is wrong, without anything typed."""


class Mailbox(NamedTuple):
    """One addressee, or the sender. `name` is typed text on one line, or empty."""

    name: str
    address: Address


class Ours(NamedTuple):
    """The value of a header that nothing typed gets into: it goes as it is, folded at its blanks."""

    value: str


Field = tuple[str, str | Mailbox | Ours]
"""A header's name, and its value: typed text on one line where nothing else is said."""


def head(fields: Sequence[Field]) -> bytes:
    """The lines of a head with CRLF behind each, without the empty line that ends it."""
    return b"".join(_field(name, value) for name, value in fields)


def check(head: bytes, names: Sequence[str], recipient: Address) -> None:
    """Exactly these headers in this order, and one mailbox in To: the recipient's. Raises Malformed."""
    found = [_parted(field) for field in _unfolded(head)]
    if [name for name, _ in found] != [name.encode() for name in names]:
        raise Malformed("the finished head has other headers than it should")
    (to,) = [value for name, value in found if name == b"To"]
    mailbox = _ONE_MAILBOX.fullmatch(to)
    if mailbox is None or mailbox.group(1) != str(recipient).encode():
        raise Malformed("the finished head names another recipient than it should")


def _field(name: str, value: str | Mailbox | Ours) -> bytes:
    room = min(_WORD, _LINE - len(f"{name}: "))
    match value:
        case Ours():
            tokens = value.value.split(" ")
        case Mailbox():
            tokens = [*_phrase(value.name, room), f"<{value.address}>"]
        case str():
            tokens = _text(value, room)
    return b"%s\r\n" % _folded(f"{name}:", tokens).encode()


def _folded(start: str, tokens: Sequence[str]) -> str:
    lines = [start]
    for token in tokens:
        if lines[-1] == start or len(lines[-1]) + 1 + len(token) <= _LINE:
            lines[-1] += f" {token}"
        else:
            lines.append(f" {token}")
    return "\r\n".join(lines)


def _text(text: str, room: int) -> list[str]:
    """As it is where every reader takes it for the same, in one piece."""
    if _PLAIN.fullmatch(text) and "=?" not in text and len(text) <= room:
        return [text]
    return list(_encoded(text, room))


def _phrase(text: str, room: int) -> list[str]:
    """As the name before an address. Words that need it are encoded together: what stands between two encoded words is
    no blank, and older readers show one."""
    words = text.split(" ") if text else []

    def plain(at: int) -> bool:
        alone = all(words[max(at - 1, 0) : at + 2])
        return (
            alone and len(words[at]) <= room and "=?" not in words[at] and _ATOM_TEXT.fullmatch(words[at]) is not None
        )

    tokens: list[str] = []
    for is_plain, run in groupby(range(len(words)), plain):
        part = [words[at] for at in run]
        tokens += part if is_plain else _encoded(" ".join(part), room)
    return tokens


def _encoded(text: str, room: int) -> Iterator[str]:
    """Encoded words of at most `room` characters, none of which begins or ends within a character."""
    quoted = [_quoted(character) for character in text]
    binary = [character.encode() for character in text]
    if sum(map(len, quoted)) <= sum(map(len, binary)) * 4 / 3:
        yield from (f"=?utf-8?q?{''.join(part)}?=" for part in _parts(quoted, room - _FRAME))
    else:
        parts = _parts(binary, (room - _FRAME) // 4 * 3)
        yield from (f"=?utf-8?b?{b64encode(b''.join(part)).decode()}?=" for part in parts)


def _parts(pieces: Sequence[T], room: int) -> Iterator[list[T]]:
    part: list[T] = []
    for piece in pieces:
        if part and sum(map(len, part)) + len(piece) > room:
            yield part
            part = []
        part.append(piece)
    yield part


def _quoted(character: str) -> str:
    if character in _LITERAL:
        return character
    return "_" if character == " " else "".join(f"={byte:02X}" for byte in character.encode())


def _unfolded(head: bytes) -> list[bytes]:
    """The fields of a head. Raises Malformed."""
    if not head.endswith(b"\r\n"):
        raise Malformed("the finished head does not end with a line")
    fields: list[bytes] = []
    for line in head.removesuffix(b"\r\n").split(b"\r\n"):
        if b"\r" in line or b"\n" in line or not line.strip() or len(line) > _HARD_LIMIT:
            raise Malformed("the finished head has a line that is broken, empty or too long")
        if line.startswith((b" ", b"\t")) and fields:
            fields[-1] += line
        else:
            fields.append(line)
    return fields


def _parted(field: bytes) -> tuple[bytes, bytes]:
    """Name and value. Raises Malformed."""
    found = _FIELD.fullmatch(field)
    if found is None:
        raise Malformed("the finished head has a line that is no header")
    return found.group(1), found.group(2)
