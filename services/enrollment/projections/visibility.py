"""What a person may see: the one condition for browsing, addresses, and coming by oneself (CAT-5, CAT-6, CAT-7)."""

from collections.abc import Iterable
from typing import Literal, NamedTuple
from uuid import UUID

from services.enrollment.projections.enrollments import OWN_HOLD, WITHIN
from shared.contracts.catalog import OfferingKind
from shared.database import Connection, scalar, uuid_of
from shared.errors import NotFound
from shared.folding import fold
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
_UNFINISHED = f"""
e.completed_at IS NULL AND ({OWN_HOLD} OR (e.live AND CASE WHEN {WITHIN} THEN true
    ELSE coalesce(e.access_until >= today(), true)
        AND (e.via IS NULL OR EXISTS (SELECT FROM learner_grant g WHERE g.enrollment = e.id)) END))
"""
_STATE = f"""
CASE WHEN EXISTS (SELECT FROM enrollment e WHERE e.person = %(person)s AND e.offering = o.id AND e.completed_at IS NOT NULL)
    THEN 'finished'
    WHEN EXISTS (SELECT FROM enrollment e WHERE e.person = %(person)s AND e.offering = o.id AND {_UNFINISHED}) THEN 'mine'
    ELSE 'open' END
"""
_FOUND = f"""
FROM offering_fact o
WHERE (%(words)s::text IS NULL OR strpos(o.title_folded, %(words)s) > 0 OR strpos(o.code_folded, %(words)s) > 0)
    AND (%(kind)s::text IS NULL OR o.kind = %(kind)s) AND (%(free)s::bool IS NULL OR (o.price IS NULL) = %(free)s)
    AND {_SHOWN} AND (%(state)s::text IS NULL OR %(state)s = {_STATE})
"""
_PAGE = f"""
SELECT o.id, o.title_folded {_FOUND} AND (%(title)s::text IS NULL OR (o.title_folded, o.id) > (%(title)s, %(id)s::uuid))
ORDER BY o.title_folded, o.id LIMIT %(limit)s
"""
OwnState = Literal["open", "mine", "finished"]
"""Of an offering and a learner: not on it; on it, and not done; completed at some time."""


class OfferingQuery(NamedTuple):
    """What to look for; None: anything. `words` is a part of title or code; `free`: without a price, or with one."""

    words: str | None = None
    kind: OfferingKind | None = None
    state: OwnState | None = None
    free: bool | None = None

    def values(self, person: UUID) -> dict[str, object]:
        words = None if self.words is None else fold(self.words)
        return {**self._asdict(), "words": words, "person": person, "closed": False}


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


def page(conn: Connection, person: UUID, query: OfferingQuery, cursor: str | None, limit: int) -> Page[UUID]:
    """What the person may see, by title."""
    title, id = cursor_decode(cursor, str, UUID) if cursor else (None, None)
    values = {**query.values(person), "title": title, "id": id, "limit": limit + 1}
    rows = conn.execute(_PAGE.encode(), values).fetchall()
    found = [uuid_of(row[0]) for row in rows[:limit]]
    more = len(rows) > limit
    return Page(items=found, next=cursor_encode(str(rows[limit - 1][1]), str(found[-1])) if more else None)


def total(conn: Connection, person: UUID, query: OfferingQuery) -> int:
    """How many that are on all pages."""
    return scalar(conn, f"SELECT count(*) {_FOUND}", int, query.values(person))
