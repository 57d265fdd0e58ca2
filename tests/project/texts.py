"""All texts of e-mails and pages in one list per language, to read in one go: `python -m tests.project.texts` writes them."""

import re
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.notifier.mailer.about import Written
from shared.page_addresses import Pages
from tests.project import messages

ROOT = Path(__file__).parents[2]
COMMAND = "python -m tests.project.texts"
LANGUAGES = {"en": "English", "de": "German"}
MAILS = ROOT / "services" / "notifier" / "templates"
KEYS = ROOT / "services" / "keys" / "templates"
PAGES, ID = Pages("https://rollbook.example"), UUID(int=7)
SAMPLE = {
    "name": "Ada Lovelace",
    "title": "Fire Safety",
    "kind": "course",
    "certificate": PAGES.certificate("RB-1234"),
    "badge": "Fire warden",
    "job_role": "Nurse",
    "due": "30 November 2026 at 17:00",
    "link": PAGES.offering(ID),
    "minutes": 15,
    "subject": "",
    "learner": "Charles Babbage",
    "request_kind": "access",
    "pool": "Fire Safety, spring",
    "expires": "2027-03-01 00:00 Europe/Berlin",
    "many": 75,
    "written": Written("(The subject that somebody wrote)", "(The text that somebody wrote, with the key)"),
}
COUNTS: dict[str, int] = {"learners": 3, "too_little_time": 1, "already_enrolled": 1, "date_unknown": 1}
_ASKED = [{"request_kind": kind} for kind in ("access", "later-due-date", "completion")]
VARIANTS: dict[str, list[dict[str, object]]] = {
    "exceptions": [{"learners": many} for many in (1, 3)],
    "completed": [{}, {"badge": "", "certificate": ""}],
    "pool-low": [{"many": many} for many in (75, 100)],
    "pool-expiring": [{"many": many} for many in (1, 12)],
    "approvals-digest": [{"many": many} for many in (1, 3)],
    **{name: [*_ASKED] for name in ("approval-needed", "approval-escalated", "request-denied")},
}
"""E-mails whose words differ, with the values by which they do."""
_TAG = re.compile(r"<(?!!--)[^<>]*>")


def texts() -> dict[Path, str]:
    """Each file, as it ought to be."""
    found = {}
    for language, name in LANGUAGES.items():
        parts = [
            f"# Texts in {name}\n\nWritten by `{COMMAND}`. Change the templates, not this file.\n",
            *_mails(language),
            _key_mail(language),
            *_pages(language),
        ]
        found[ROOT / "docs" / f"texts.{language}.md"] = "\n".join(parts)
    return found


def _mails(language: str) -> Iterator[str]:
    """Each e-mail with sample values; the HTML below where its words differ from the text."""
    templates = Environment(loader=FileSystemLoader(MAILS), undefined=StrictUndefined)
    yield "## E-mails\n"
    for path in sorted((MAILS / language).glob("*.subject.txt")):
        name = path.name.removesuffix(".subject.txt")
        about = f"{language}/{name}"
        for variant in VARIANTS.get(name, [{}]):
            values = {**SAMPLE, "language": language, **COUNTS, **variant}
            subject, text, html = (
                templates.get_template(about + ending).render(values) for ending in (".subject.txt", ".txt", ".html")
            )
            yield f"### {name}\n\n{_quoted(f'**{subject.strip()}**')}\n>\n{_quoted(text)}\n\nHTML:\n\n{_quoted(_words(html))}\n"


def _key_mail(language: str) -> str:
    """What goes with a key unless an organisation wrote another text; placeholders in braces."""
    subject, text = ((KEYS / language / name).read_text(encoding="utf-8") for name in ("key.subject.txt", "key.txt"))
    return f"### The text that goes with a key\n\n{_quoted(f'**{subject.strip()}**')}\n>\n{_quoted(text)}\n"


def _pages(language: str) -> Iterator[str]:
    """The texts of the pages in alphabetical order; in another language beside the English ones."""
    yield "## Pages\n"
    for message in sorted(
        messages.extracted() if language == "en" else messages.read(language), key=lambda one: str(one.id)
    ):
        if message.id:
            english = _each(message.id)
            told = [one.replace("\n", " ") for one in (english if language == "en" else _each(message.string))]
            beside = "" if language == "en" else f" ({' / '.join(english)})"
            yield f"- {' / '.join(told)}{beside}"
    yield ""


def _each(text: str | tuple[str, ...] | list[str]) -> list[str]:
    return [text] if isinstance(text, str) else list(text)


def _words(html: str) -> str:
    lines = (" ".join(_TAG.sub(" ", line).split()) for line in html.splitlines())
    return "\n".join(line for line in lines if re.search(r"[A-Za-zÄÖÜäöü]{2}", line))


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.strip().splitlines())


if __name__ == "__main__":
    for path, text in texts().items():
        path.write_text(text, encoding="utf-8")
