"""Texts of e-mails that an organisation writes itself (NTF-2): which placeholders there are, what is refused, how one is filled in.

A text is bounded by what it may contain: placeholders and conditions, no loops, calls or attributes. So filling it in takes a time
and gives a size in proportion to its own; both are limited besides.
"""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from html.parser import HTMLParser

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from shared.contracts.notifications import EDITABLE, EditableTemplate
from shared.errors import Invalid

SUBJECT_LENGTH, BODY_LENGTH = 500, 20_000
FILLED_LENGTH = 100_000
"""Characters of a text that was filled in; far more than any placeholder's value makes of one that may be saved."""
FILLING_SECONDS = 1.0

_ABOUT_OFFERING = ("title", "kind")
_LINKED = frozenset(EDITABLE) - {"pool-low", "pool-expiring"}
_DUE = ("due-soon", "overdue", "certificate-expiring", "certificate-expired", "access-expiring", "request-approved")
_REQUESTS = ("approval-needed", "approval-escalated", "request-approved", "request-denied")

Value = str | int


@dataclass(frozen=True)
class OwnText:
    """Subject, text part, and HTML part of one template in one language; without HTML it is made from the text."""

    language: str
    subject: str
    body: str
    html: str = ""


@dataclass(frozen=True)
class Filled:
    """A text as it goes out. `html` without the frame around it."""

    subject: str
    body: str
    html: str


def placeholders(template: str) -> tuple[str, ...]:
    """What a text of this template may name, in order of use."""
    occasion = template.removesuffix("-copy")
    found = ["name"]
    if occasion == "job-role-assigned":
        found.append("job_role")
    elif occasion != "approvals-digest":
        found += _ABOUT_OFFERING
    if template != occasion or occasion in ("approval-needed", "approval-escalated"):
        found.append("learner")
    if occasion in _DUE or occasion == "approvals-digest":
        found.append("due")
    found += {
        "completed": ["badge", "certificate"],
        "exceptions": ["learners", "too_little_time", "already_enrolled", "date_unknown"],
        "pool-low": ["pool", "many", "expires"],
        "pool-expiring": ["pool", "many", "expires"],
        "approvals-digest": ["many"],
    }.get(occasion, [])
    if occasion in _REQUESTS:
        found.append("request_kind")
    if template in _LINKED:
        found.append("link")
    return tuple(found)


SAMPLES: Mapping[str, Mapping[str, Value]] = {
    "en": {"title": "Fire safety", "kind": "course", "due": "1 March 2027", "badge": "Fire warden", "job_role": "Nurse"}
    | {"learner": "Ada Lovelace", "pool": "Spring", "expires": "2027-03-01 12:00 UTC", "request_kind": "access"},
    "de": {"title": "Brandschutz", "kind": "Kurs", "due": "01.03.2027", "badge": "Brandwart", "job_role": "Pflege"}
    | {"learner": "Ada Lovelace", "pool": "Frühling", "expires": "2027-03-01 12:00 UTC", "request_kind": "access"},
}
"""Made-up values, where there is no real case to show; numbers and addresses are the same in every language."""
SAMPLE_NUMBERS = {"many": 3, "learners": 4, "too_little_time": 2, "already_enrolled": 1, "date_unknown": 1}

_ALLOWED = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.If, nodes.Compare),
    *(nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.CondExpr),
)
_TOO_MUCH = "It is nested too deeply. Make it simpler."


def _environment(*, autoescape: bool) -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(
        autoescape=autoescape, undefined=StrictUndefined, keep_trailing_newline=True, auto_reload=False
    )


_PLAIN, _HTML = _environment(autoescape=False), _environment(autoescape=True)


def check(template: EditableTemplate, text: OwnText) -> None:
    """Raises Invalid, with the field and what to do, for what could not be filled in."""
    for field, source, limit in (("subject", text.subject, SUBJECT_LENGTH), ("body", text.body, BODY_LENGTH)):
        _check_source(template, field, source, limit)
        if not source.strip():
            raise Invalid("It must not be empty.", field=field)
    _check_source(template, "html", text.html, BODY_LENGTH)
    _check_html(text.html)


def _check_source(template: str, field: str, source: str, limit: int) -> None:
    if len(source) > limit:
        raise Invalid(f"It has {len(source)} characters; at most {limit} are possible.", field=field)
    try:
        parsed = _PLAIN.parse(source)
        _compiled(source, escaped=field == "html")
    except TemplateSyntaxError as error:
        raise Invalid(f"Line {error.lineno}: {error.message}.", field=field) from error
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise Invalid(_TOO_MUCH, field=field) from error
    known = placeholders(template)
    for node in parsed.find_all(nodes.Node):
        if not isinstance(node, _ALLOWED):
            raise Invalid(
                f"Line {node.lineno}: only placeholders such as {{{{ {known[0]} }}}} and conditions such as "
                f"{{% if {known[-1]} %}} ... {{% endif %}} are possible here.",
                field=field,
            )
        if isinstance(node, nodes.Name) and node.name not in known:
            raise Invalid(f"There is no placeholder '{node.name}' here. There are: {', '.join(known)}.", field=field)


def fill(text: OwnText, values: Mapping[str, Value]) -> Filled:
    """Raises ValueError where it takes too long, or becomes too long."""
    subject = " ".join(_filled(text.subject, values).split())
    body = _filled(text.body, values)
    html = _filled(text.html, values, escaped=True) if text.html.strip() else html_of(body)
    return Filled(subject, body, html)


def html_of(body: str) -> str:
    """A text as HTML: paragraphs, lines, and addresses that can be opened."""
    parts = (part.strip() for part in re.split(r"\n\s*\n", body.strip()))
    return "\n".join(f"<p>{_linked(part)}</p>" for part in parts if part)


_ADDRESS = re.compile(r"(https?://[^\s<>\"']*[^\s<>\"'.,;:!?)])")


def _linked(part: str) -> str:
    pieces = _ADDRESS.split(part)
    told = (f'<a href="{escape(p)}">{escape(p)}</a>' if n % 2 else escape(p) for n, p in enumerate(pieces))
    return "".join(told).replace("\n", "<br>\n")


@lru_cache(maxsize=512)
def _compiled(source: str, *, escaped: bool) -> Template:
    return (_HTML if escaped else _PLAIN).from_string(source)


def _filled(source: str, values: Mapping[str, Value], *, escaped: bool = False) -> str:
    until, pieces, length = time.monotonic() + FILLING_SECONDS, [], 0
    for piece in _compiled(source, escaped=escaped).generate(values):
        pieces.append(piece)
        length += len(piece)
        if length > FILLED_LENGTH or time.monotonic() > until:
            raise ValueError("the text takes too long to fill in, or becomes too long")
    return "".join(pieces)


_TAGS = ("p", "br", "strong", "em", "a", "ul", "ol", "li", "h1", "h2", "h3", "small", "blockquote", "hr")
_HREF = re.compile(r"(https?://[^\s{}<>]+|mailto:[^\s{}<>]+|\{\{ *(link|certificate) *\}\})")
_STRAY = re.compile(r"<(?![a-z/])|<[^>]*$|<[^<>]*<")


class _Simple(HTMLParser):
    """Refuses what is not simple HTML."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _TAGS:
            raise Invalid(f"<{tag}> is not possible here. There are: {', '.join(_TAGS)}.", field="html")
        for name, value in attrs:
            if (tag, name) != ("a", "href"):
                raise Invalid(f"<{tag}> cannot have '{name}' here; only <a> has an attribute, href.", field="html")
            if not _HREF.fullmatch(value or ""):
                raise Invalid(
                    "A link's href is an address that begins with https:// or mailto:, or {{ link }}.", field="html"
                )

    def handle_endtag(self, tag: str) -> None:
        if tag not in _TAGS:
            raise Invalid(f"</{tag}> is not possible here. There are: {', '.join(_TAGS)}.", field="html")

    def handle_comment(self, data: str) -> None:  # noqa: ARG002
        raise Invalid("Comments are not possible here.", field="html")

    def handle_decl(self, decl: str) -> None:  # noqa: ARG002
        raise Invalid("Leave out the document around it; it is added.", field="html")


def _check_html(source: str) -> None:
    if _STRAY.search(source):
        raise Invalid("A '<' stands alone, or a tag is not closed. Write &lt; for the character.", field="html")
    parser = _Simple(convert_charrefs=True)
    parser.feed(source)
    parser.close()
