"""Certificates as PDF for print, accessible ones (PDF/UA-1), made by typst (ENR-10)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

import typst

from shared import telemetry

log = telemetry.logger(__name__)

_TEMPLATE = Path(__file__).with_name("certificate.typ")
_FONTS = ("Libertinus Serif", "Noto Serif", "Noto Naskh Arabic", "Noto Serif CJK SC", "Noto Sans CJK SC")
"""In this order: the first is part of typst. For other scripts, what of these or of any other family is installed."""


@dataclass(frozen=True)
class Certificate:
    """What stands on it. `completed` is the first day on which it holds, `valid_until` the last; None: without end."""

    learner: str
    offering: str
    completed: date
    valid_until: date | None
    serial: str
    address: str
    """Where anyone verifies it."""
    issuer: str


def render(certificate: Certificate) -> bytes:
    """The PDF; the same bytes for the same certificate. Names are data: nothing in them is read as markup.

    A name in a script for which no font is installed cannot be PDF/UA: then it is a plain PDF, and the log says so.
    """
    given = json.dumps(_data(certificate), ensure_ascii=False)
    try:
        return _compiled(given, ["ua-1"])
    except typst.TypstError:
        log.warning(
            "a certificate has letters for which no font is installed; docs/operations.md says which to install"
        )
        return _compiled(given, [])


def _compiled(given: str, standards: list[typst.PDFStandard]) -> bytes:
    return typst.compile(
        _TEMPLATE.read_bytes(),
        pdf_standards=standards,
        font_paths=_fonts(),
        sys_inputs={"certificate": given},
        timestamp=0,
    )


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    """Looked for once."""
    return typst.Fonts()


def _data(certificate: Certificate) -> dict[str, object]:
    days = [f"Completed on {_words(certificate.completed)}"]
    if certificate.valid_until:
        days.append(f"Valid until {_words(certificate.valid_until)}")
    return {
        "heading": "Certificate of completion",
        "presented": "This is to certify that",
        "achieved": "has completed",
        "learner": certificate.learner,
        "offering": certificate.offering,
        "days": days,
        "serial_label": "Serial number",
        "serial": certificate.serial,
        "address": certificate.address,
        "issuer": certificate.issuer,
        "language": "en",
        "fonts": list(_FONTS),
        "year": certificate.completed.year,
        "month": certificate.completed.month,
        "day": certificate.completed.day,
    }


def _words(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
