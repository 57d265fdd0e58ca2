"""The catalogues of the pages' texts: `python -m tests.project.messages` brings them in step with the templates.

A new text is added without translation, which a test refuses until there is one; a text that is gone goes.
"""

import io
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

PORTAL = Path(__file__).parents[2] / "services" / "portal"
COMMAND = "python -m tests.project.messages"
_KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}
_OPTIONS = {"trimmed": "true", "silent": "false", "encoding": "utf-8", "extensions": "jinja2.ext.i18n"}


def extracted() -> Catalog:
    """Every text of the templates, with the templates that it stands in."""
    found = Catalog()
    for path in sorted((PORTAL / "templates").rglob("*.html")):
        with path.open("rb") as file:
            for _, function, message, _ in babel_extract(file, list(_KEYWORDS), (), _OPTIONS):
                texts = tuple(one for one in message if one) if isinstance(message, tuple) else (message,)
                text = texts[:2] if function == "ngettext" else texts[0]
                found.add(text, locations=[(str(path.relative_to(PORTAL)), 0)])
    return found


def catalogue(language: str) -> Path:
    return PORTAL / "locale" / language / "LC_MESSAGES" / "portal.po"


def read(language: str) -> Catalog:
    path = catalogue(language)
    if not path.exists():
        return Catalog(language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def updated(language: str) -> str:
    """The catalogue as it ought to be: every text that there is, with the translation that it had."""
    old, fresh = (
        read(language),
        Catalog(
            language,
            fuzzy=False,
            project="Rollbook",
            version="1",
            header_comment=f"# Texts of the pages. Texts are added by `{COMMAND}`.",
        ),
    )
    for message in extracted():
        if message.id:
            known = old.get(message.id[0] if isinstance(message.id, tuple) else message.id)
            translated = known.string if known and known.id == message.id else ""
            places = sorted({place for place, _ in message.locations})
            fresh.add(message.id, translated, locations=[(place, 0) for place in places])
    out = io.BytesIO()
    write_po(out, fresh, width=0, sort_output=True, omit_header=False, include_lineno=False)
    kept = [
        line
        for line in out.getvalue().decode().splitlines()
        if not line.startswith(('"POT-Creation', '"PO-Revision', '"Generated'))
    ]
    return "\n".join(kept) + "\n"


def untranslated(language: str) -> list[str]:
    """Texts without translation, or with one that lacks a placeholder."""
    return [_name(one) for one in read(language) if one.id and (not _complete(one) or list(one.check()))]


def _complete(message: Message) -> bool:
    return all(message.string) if isinstance(message.string, tuple) else bool(message.string)


def _name(message: Message) -> str:
    return str(message.id[0] if isinstance(message.id, tuple) else message.id)


if __name__ == "__main__":
    for language in ("de",):
        catalogue(language).parent.mkdir(parents=True, exist_ok=True)
        catalogue(language).write_text(updated(language), encoding="utf-8")
        for text in untranslated(language):
            print(f"{language}: {text}")
