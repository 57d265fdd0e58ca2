"""E-mail addresses: one is what was typed, or it is refused (DIR-1, NTF-1)."""

import re
from typing import NamedTuple

import idna

# The limits of SMTP (RFC 5321, 4.5.3.1), in octets.
_LOCAL_OCTETS = 64
_DOMAIN_OCTETS = 253
_OCTETS = 254

_JOINERS = dict.fromkeys((0x200C, 0x200D))
"""Invisible, and yet letters of some domains: IDNA 2008 says where they may stand."""
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\-\u0080-\U0010ffff]+")
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


class NotAnAddress(ValueError):
    """Says in a clause what is wrong, without the address."""


class Address(NamedTuple):
    """Of one mailbox. `domain` is ASCII, as DNS and mail servers have it."""

    local: str
    domain: str

    @property
    def international(self) -> bool:
        """A mail server takes it only with SMTPUTF8 (RFC 6531)."""
        return not self.local.isascii()

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"


def read_address(typed: str) -> Address:
    """The domain by IDNA 2008 (UTS 46, non-transitional), the rest as it was typed. Raises NotAnAddress."""
    _check_characters(typed)
    local, at, domain = typed.partition("@")
    if not at or not local or not domain:
        raise NotAnAddress("it needs a name, an @ and a domain")
    if "@" in domain:
        raise NotAnAddress("it has more than one @")
    _check_local(local)
    address = Address(local, _ascii(domain))
    if len(str(address).encode()) > _OCTETS:
        raise NotAnAddress(f"it is longer than {_OCTETS} bytes")
    return address


def _check_characters(typed: str) -> None:
    """Nothing that a mail server, or the eye, takes for something else. Raises NotAnAddress."""
    local, _, domain = typed.rpartition("@")
    if any(character.isspace() for character in typed):
        raise NotAnAddress("it contains a space or a line break")
    if not (local + domain.translate(_JOINERS)).isprintable():
        raise NotAnAddress("it contains an invisible character")
    if "(" in typed or ")" in typed:
        raise NotAnAddress("it contains a comment in parentheses; remove it")
    if '"' in typed:
        raise NotAnAddress("quotation marks are not supported")


def _check_local(local: str) -> None:
    """Raises NotAnAddress."""
    if not _LOCAL.fullmatch(local):
        raise NotAnAddress("there is an invalid character before the @")
    if local.startswith(".") or local.endswith(".") or ".." in local:
        raise NotAnAddress("a dot before the @ must be between two other characters")
    if len(local.encode()) > _LOCAL_OCTETS:
        raise NotAnAddress(f"the part before the @ is longer than {_LOCAL_OCTETS} bytes")


def _ascii(domain: str) -> str:
    """One in ASCII as it is. Raises NotAnAddress."""
    try:
        found = domain if domain.isascii() else idna.encode(domain, uts46=True).decode()
    except idna.IDNAError as error:
        raise NotAnAddress("its domain contains an invalid character, or one in the wrong place") from error
    if not all(_LABEL.fullmatch(label) for label in found.split(".")):
        raise NotAnAddress("its domain is not a valid domain name, such as example.org")
    if len(found) > _DOMAIN_OCTETS:
        raise NotAnAddress(f"its domain is longer than {_DOMAIN_OCTETS} bytes")
    return found
