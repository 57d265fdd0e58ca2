"""What a person may see: the one condition for browsing, addresses, and coming by oneself (CAT-5, CAT-6, CAT-7)."""

from collections.abc import Iterable
from uuid import UUID

from shared.database import Connection, uuid_of
from shared.errors import NotFound
from shared.readmodel import Page, cursor_decode, cursor_encode

ASSIGNED = """
EXISTS (
    SELECT FROM enrollment e WHERE e.person = {person} AND e.offering = {offering}.id AND (
        e.live OR e.completed_at IS NOT NULL OR EXISTS (SELECT FROM learner_grant g WHERE g.enrollment = e.id)))
"""
"""An assigned learner always sees the offering: a term, a completion, or an assignment that holds the learner."""
IN_AUDIENCES = """
({offering}.audiences = '{{}}' OR EXISTS (
    SELECT FROM audience_member m WHERE m.person = {person} AND m.audience = ANY({offering}.audiences)))
"""
OPEN = "({offering}.active AND ({offering}.kind <> 'certification' OR {offering}.published IS NOT NULL))"
SHOWN = f"({ASSIGNED} OR ({{offering}}.access <> 'hidden' AND {IN_AUDIENCES} AND ({OPEN} OR {{closed}})))"
"""Whether the person sees it; `closed`: also where it takes nobody new at present."""
_SHOWN = SHOWN.format(person="%(person)s", offering="o", closed="%(closed)s")
_AMONG = f"SELECT o.id FROM offering_fact o WHERE o.id = ANY(%(offerings)s) AND {_SHOWN}"
_PAGE = f"""
SELECT o.id, lower(o.title) FROM offering_fact o
WHERE (%(words)s::text IS NULL OR position(lower(%(words)s) in lower(o.title)) > 0
        OR position(lower(%(words)s) in lower(o.code)) > 0)
    AND (%(kind)s::text IS NULL OR o.kind = %(kind)s)
    AND (%(title)s::text IS NULL OR (lower(o.title), o.id) > (%(title)s, %(id)s::uuid)) AND {_SHOWN}
ORDER BY lower(o.title), o.id LIMIT %(limit)s
"""


def unseen() -> NotFound:
    """The one answer for what is not there and what may not be seen (CAT-6)."""
    return NotFound(
        "There is no such offering, or none that you may see. GET /api/enrollment/offerings lists them.",
        field="offering_id",
    )


def visible(conn: Connection, person: UUID, offerings: Iterable[UUID], *, closed: bool = False) -> set[UUID]:
    """Those of these offerings that the person may see. `closed`: also those that take nobody new at present (CAT-3, CAT-4).

    Whoever refuses to let learners in by themselves asks with `closed`, so that the refusal can say why.
    """
    values = {"person": person, "offerings": list(offerings), "closed": closed}
    return {uuid_of(id) for (id,) in conn.execute(_AMONG.encode(), values)}


def page(
    conn: Connection, person: UUID, words: str | None, kind: str | None, cursor: str | None, limit: int
) -> Page[UUID]:
    """What the person may see, by title; `words` is a part of title or code."""
    title, id = cursor_decode(cursor, str, UUID) if cursor else (None, None)
    values = {"person": person, "words": words, "kind": kind, "title": title, "id": id, "limit": limit + 1}
    rows = conn.execute(_PAGE.encode(), {**values, "closed": False}).fetchall()
    found = [uuid_of(row[0]) for row in rows[:limit]]
    more = len(rows) > limit
    return Page(items=found, next=cursor_encode(str(rows[limit - 1][1]), str(found[-1])) if more else None)
