"""Enrollment's answers to reserved keys, and what holds those who redeemed (KEY-6). Written by reactions only."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from shared.database import Connection, column, fetch_one, pairs, uuid_of
from shared.events import Meta


class Admission(NamedTuple):
    """Enrollment's answer: an assignment, or the kind of the problem and a sentence."""

    redemption: UUID
    assignment: UUID | None
    kind: str | None
    detail: str | None


def save(conn: Connection, answers: Sequence[tuple[Admission, Meta]]) -> None:
    """The first answer to each redemption counts, and is to be carried out."""
    for answer, meta in answers:
        written = conn.execute(
            "INSERT INTO admission (redemption, assignment, kind, detail) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
            answer,
        )
        if written.rowcount:
            conn.execute("INSERT INTO unsettled (redemption, meta) VALUES (%s, %s)", [answer.redemption, meta.encode()])


def find(conn: Connection, redemption: UUID) -> Admission | None:
    query = "SELECT redemption, assignment, kind, detail FROM admission WHERE redemption = %s"
    return fetch_one(conn, Admission, query, [redemption])


def unsettled(conn: Connection, worker: str, limit: int) -> list[tuple[UUID, str]]:
    """Redemptions whose answer is to be carried out, with what caused it; without those that are set aside."""
    query = (
        "SELECT redemption, meta FROM unsettled WHERE NOT EXISTS ("
        "SELECT FROM set_aside WHERE worker = %s AND subject = redemption) ORDER BY redemption LIMIT %s"
    )
    return pairs(conn, query, UUID, str, [worker, limit])


def meta_of(conn: Connection, redemption: UUID) -> str | None:
    found = column(conn, "SELECT meta FROM unsettled WHERE redemption = %s", str, [redemption])
    return found[0] if found else None


def settled(conn: Connection, redemption: UUID) -> None:
    conn.execute("DELETE FROM unsettled WHERE redemption = %s", [redemption])


def redeeming(conn: Connection, who: Iterable[tuple[UUID, UUID]]) -> set[tuple[UUID, UUID]]:
    """Those of these people and offerings of which there is a redemption, whatever became of it."""
    people, offerings = [list(ids) for ids in zip(*set(who), strict=True)] or [[], []]
    rows = conn.execute(
        "SELECT DISTINCT person, offering FROM redemption JOIN unnest(%s::uuid[], %s::uuid[]) AS asked (person, offering) "
        "USING (person, offering)",
        [people, offerings],
    )
    return {(uuid_of(person), uuid_of(offering)) for person, offering in rows}


def granted(conn: Connection, assignment: UUID, enrollment: UUID, term: int, *, awaits_payment: bool) -> None:
    conn.execute(
        "INSERT INTO grant_fact (assignment, enrollment, term, awaits_payment, awaits_exception) VALUES (%s, %s, %s, %s, false) "
        "ON CONFLICT (assignment) DO UPDATE SET term = excluded.term, awaits_payment = excluded.awaits_payment, "
        "awaits_exception = false",
        [assignment, enrollment, term, awaits_payment],
    )


def held(conn: Connection, enrollment: UUID, assignments: Sequence[UUID]) -> None:
    """These, and no others of the enrollment, wait for the answer to an exception."""
    released(conn, enrollment)
    conn.execute(
        "INSERT INTO grant_fact (assignment, enrollment, awaits_payment, awaits_exception) "
        "SELECT id, %s, false, true FROM unnest(%s::uuid[]) AS id ON CONFLICT (assignment) DO UPDATE SET awaits_exception = true",
        [enrollment, list(assignments)],
    )


def released(conn: Connection, enrollment: UUID, assignment: UUID | None = None) -> None:
    """This assignment, or none of the enrollment, waits any more."""
    conn.execute(
        "UPDATE grant_fact SET awaits_exception = false WHERE enrollment = %s AND assignment = coalesce(%s, assignment)",
        [enrollment, assignment],
    )


def paid(conn: Connection, enrollment: UUID, term: int, *, awaits_payment: bool = False) -> None:
    conn.execute(
        "UPDATE grant_fact SET awaits_payment = %s WHERE enrollment = %s AND term = %s",
        [awaits_payment, enrollment, term],
    )
