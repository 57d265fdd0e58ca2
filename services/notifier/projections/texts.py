"""Texts of organisations' own, and cases to show them with (NTF-2)."""

from typing import NamedTuple, Protocol
from uuid import UUID

from services.notifier.projections.scope import in_scope, scope_parameters
from shared.auth import Scope
from shared.database import Connection, fetch, fetch_one

_OWN = """
SELECT organisation, subject, body, html, revision, removed FROM own_text
WHERE organisation IS NOT DISTINCT FROM %s AND language = %s AND template = %s
"""
_SAVE = """
INSERT INTO own_text AS known (organisation, language, template, subject, body, html, revision, changed_by)
VALUES (%s, %s, %s, %s, %s, %s, 1, %s)
ON CONFLICT (organisation, language, template) DO UPDATE SET subject = excluded.subject, body = excluded.body,
    html = excluded.html, revision = known.revision + 1, changed_by = excluded.changed_by, changed_at = clock_timestamp(),
    removed = false
"""
_REMOVE = """
UPDATE own_text SET removed = true, revision = revision + 1, changed_by = %s, changed_at = clock_timestamp()
WHERE organisation IS NOT DISTINCT FROM %s AND language = %s AND template = %s AND NOT removed
"""
_HOLDING = "SELECT organisation, subject, body, html, revision, false AS removed FROM text_of(%s, %s, %s)"
_ALL = """
SELECT t.template, n.organisation FROM (SELECT DISTINCT template FROM own_text WHERE language = %(language)s AND NOT removed) t
CROSS JOIN LATERAL text_of(%(organisation)s, %(language)s, t.template) n
"""
_CASE = f"""
SELECT l.message_id FROM ledger l WHERE l.template = %(template)s AND (%(message)s::uuid IS NULL OR l.message_id = %(message)s)
    AND {in_scope("l.person_id")} ORDER BY l.number DESC LIMIT 1
"""
_TEST = """
INSERT INTO test_mail (message_id, template, language, subject, body, html, case_id) VALUES (%s, %s, %s, %s, %s, %s, %s)
"""


class Written(Protocol):
    """A text in one language."""

    @property
    def language(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def body(self) -> str: ...
    @property
    def html(self) -> str: ...


class TextRow(NamedTuple):
    """`organisation` None: of the whole system. One that was removed keeps its revision."""

    organisation: UUID | None
    subject: str
    body: str
    html: str
    revision: int
    removed: bool


class Holder(NamedTuple):
    """Whose text of a template holds."""

    template: str
    organisation: UUID | None


class Name(NamedTuple):
    first_name: str
    last_name: str


class _Case(NamedTuple):
    message_id: UUID


def own(
    conn: Connection, organisation: UUID | None, language: str, template: str, *, locked: bool = False
) -> TextRow | None:
    """Of the organisation itself."""
    return fetch_one(conn, TextRow, f"{_OWN} FOR UPDATE" if locked else _OWN, [organisation, language, template])


def holding(conn: Connection, organisation: UUID | None, language: str, template: str) -> TextRow | None:
    """That of the nearest organisation which has one; None: the built-in text holds."""
    return fetch_one(conn, TextRow, _HOLDING, [organisation, language, template])


def holders(conn: Connection, organisation: UUID | None, language: str) -> dict[str, UUID | None]:
    """By template; one that is not there has its built-in text."""
    found = fetch(conn, Holder, _ALL, {"organisation": organisation, "language": language})
    return {one.template: one.organisation for one in found}


def save(conn: Connection, organisation: UUID | None, template: str, text: Written, actor: UUID) -> None:
    conn.execute(_SAVE, [organisation, text.language, template, text.subject, text.body, text.html, actor])


def remove(conn: Connection, organisation: UUID | None, language: str, template: str, actor: UUID) -> None:
    conn.execute(_REMOVE, [actor, organisation, language, template])


def a_case(conn: Connection, scope: Scope, template: str, message: UUID | None) -> UUID | None:
    """The newest e-mail of this template to somebody in scope, or the one that is named."""
    values = {"template": template, "message": message, **scope_parameters(scope)}
    found = fetch_one(conn, _Case, _CASE, values)
    return found.message_id if found else None


def name_of(conn: Connection, person: UUID) -> Name:
    found = fetch_one(conn, Name, "SELECT first_name, last_name FROM profile WHERE person_id = %s", [person])
    return found or Name("", "")


def keep_test(conn: Connection, message: UUID, template: str, text: Written, case: UUID | None) -> None:
    conn.execute(_TEST, [message, template, text.language, text.subject, text.body, text.html, case])
