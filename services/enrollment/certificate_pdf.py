"""Certificates as PDF for print, accessible ones (PDF/UA-1), made by typst (ENR-10)."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import typst

from shared import telemetry
from shared.contracts.catalog import OfferingKind

log = telemetry.logger(__name__)

_TEMPLATE = Path(__file__).with_name("certificate.typ")
_FONTS = ("Libertinus Serif", "Amiri")
"""Latin, Greek, Cyrillic and Hebrew from typst itself; Arabic from `fontpkg-amiri`. Chinese, Japanese and Korean follow."""
_HAN = {"ja": "JP", "ko": "KR", "HK": "HK", "TW": "TC", "Hant": "TC"}
"""By a part of the language: the variant of Noto Sans CJK for the characters that they share; SC for all others."""
_KANA = re.compile("[\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f]")
_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")
_SHAPED = frozenset(
    [
        "BALINESE",
        "BENGALI",
        "CHAM",
        "DEVANAGARI",
        "GUJARATI",
        "GURMUKHI",
        "JAVANESE",
        "KANNADA",
        "KHMER",
        "LAO",
        "LIMBU",
        "MALAYALAM",
        "MONGOLIAN",
        "MYANMAR",
        "ORIYA",
        "SINHALA",
        "SUNDANESE",
        "SYRIAC",
        "TAMIL",
        "TELUGU",
        "THAANA",
        "THAI",
        "TIBETAN",
    ]
)
"""Scripts, as the names of their letters begin, whose letters join, stack or move: to have a glyph of each is not enough."""
_DANDAS = "\u0964\u0965"
"""Of many scripts, though they are called Devanagari; they have one shape."""
_GLYPH = b'#set document(title: "x")\n#set text(font: json(bytes(sys.inputs.fonts)))\n#sys.inputs.text'
"""A document of one letter, which is PDF/UA only if a font has it."""


@dataclass(frozen=True)
class Certificate:
    """What stands on it. `completed` is the first day on which it holds, `expires` the last; None: without end."""

    learner: str
    offering: str
    kind: OfferingKind
    completed: date
    expires: date | None
    serial: str
    address: str
    """Where anyone verifies it: a URL."""
    issuer: str
    language: str = "en"
    """Of the names on it, as in BCP 47 (`ja`, `zh-TW`). The words around them are English."""


def render(certificate: Certificate) -> bytes:
    """The PDF, one page of A4; the same bytes for the same certificate and fonts. Names are data: nothing in them is markup.

    A name in a script for which there is no font, or none that is known to shape it, cannot be PDF/UA: then it is a plain
    PDF, and the log says so.
    """
    given = {"certificate": json.dumps(_data(certificate))}
    if scripts := unshaped(f"{certificate.learner} {certificate.offering} {certificate.issuer}"):
        log.warning(
            "a certificate is in scripts that no font here is known to shape; docs/operations.md says which to install",
            scripts=sorted(scripts),
        )
        return _compiled(given, certificate.completed, [])
    try:
        return _compiled(given, certificate.completed, ["ua-1"])
    except typst.TypstError:
        absent = missing(f"{certificate.learner} {certificate.offering} {certificate.issuer}")
        if not absent:
            raise
        log.warning(
            "a certificate has letters that no font has; docs/operations.md says which to install",
            letters=len(absent),
            scripts=sorted({unicodedata.name(letter, "UNKNOWN").split()[0] for letter in absent}),
        )
        return _compiled(given, certificate.completed, [])


def missing(text: str) -> set[str]:
    """The characters of the text that no font here can show."""
    return {character for character in _line(text) if not _shown(character)}


def unshaped(text: str) -> set[str]:
    """The scripts of the text that need shaping and have no font of Noto here. Other fonts may have the letters alone."""
    return {script for script in _scripts(text) if not _shaping(script)}


def _scripts(text: str) -> set[str]:
    return {unicodedata.name(c, "UNKNOWN").split()[0] for c in text if c not in _DANDAS} & _SHAPED


def _shaping(script: str) -> list[str]:
    at_hand = _fonts().families()
    return [name for kind in ("Sans", "Serif") if (name := f"Noto {kind} {script.title()}") in at_hand]


@lru_cache(maxsize=4096)
def _shown(character: str) -> bool:
    given = {"fonts": json.dumps(_families("", "")), "text": character}
    try:
        typst.compile(_GLYPH, pdf_standards="ua-1", font_paths=_fonts(), sys_inputs=given)
    except typst.TypstError:
        return False
    return True


def _compiled(given: dict[str, str], day: date, standards: list[typst.PDFStandard]) -> bytes:
    return typst.compile(
        _TEMPLATE,
        root=_TEMPLATE.parent,
        pdf_standards=standards,
        font_paths=_fonts(),
        sys_inputs=given,
        timestamp=datetime.combine(day, time(), UTC),
    )


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    """Looked for once: those of the packages first, then what the machine has."""
    return typst.Fonts(font_paths=[str(files(package)) for package in ("fontpkg_amiri", "noto_cjk_sans_otc")])


def _data(certificate: Certificate) -> dict[str, object]:
    language, *subtags = certificate.language.split("-")
    return {
        "learner": _name(certificate.learner, certificate.language),
        "offering": _name(certificate.offering, certificate.language),
        "issuer": _name(certificate.issuer, certificate.language),
        "kind": certificate.kind,
        "completed": _day(certificate.completed),
        "expires": _day(certificate.expires) if certificate.expires else None,
        "serial": certificate.serial,
        "address": certificate.address,
        "language": language,
        "region": next((subtag for subtag in subtags if len(subtag) == 2), None),
        "fonts": _families("", certificate.language),
    }


def _day(day: date) -> dict[str, int]:
    return {"year": day.year, "month": day.month, "day": day.day}


def _name(text: str, language: str) -> dict[str, object]:
    line = _line(text)
    return {"text": line, "fonts": _families(line, language), "direction": _direction(line)}


def _line(text: str) -> str:
    """In one line, without what has no shape: control characters and halves of surrogates."""
    return "".join(c for c in " ".join(text.split()) if unicodedata.category(c) not in ("Cc", "Cs"))


def _families(text: str, language: str) -> list[str]:
    """The fonts in order. Kana are Japanese and Hangul is Korean whatever the language is."""
    of_language = next((variant for part, variant in _HAN.items() if part in language.split("-")), "SC")
    han = "JP" if _KANA.search(text) else "KR" if _HANGUL.search(text) else of_language
    shaping = [font for script in sorted(_scripts(text)) for font in _shaping(script)]
    return [*_FONTS, *shaping, f"Noto Sans CJK {han}"]


def _direction(text: str) -> str:
    """That of the first letter which has one."""
    strong = (found for c in text if (found := unicodedata.bidirectional(c)) in ("L", "R", "AL"))
    return "ltr" if next(strong, "L") == "L" else "rtl"
