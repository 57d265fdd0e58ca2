"""Whoever crashes the evaluator alone, and the rules that it is about (OPS-8): set aside, so that everybody else is followed."""

from collections.abc import Collection, Sequence
from uuid import UUID

from services.enrollment.application.evaluation.evaluate import evaluate
from services.enrollment.projections import facts, scopes, tables
from shared import telemetry
from shared.database import Connection, Database
from shared.events import Meta
from shared.set_aside import SetAside, SetAsideRow, isolate, passing

log = telemetry.logger(__name__)

WORKER = "enrollment evaluator"
PERSON = "person"
RULE = "assignment"
_CHUNK = 5_000


class FailingPeople:
    """What the evaluator has set aside: people, and rules by which too many people crash."""

    def __init__(self, database: Database, limit: int) -> None:
        self._database = database
        self._limit = limit
        self._aside = SetAside(database, WORKER)

    def add(self, person: UUID, error: Exception) -> list[UUID]:
        """Set the person aside. Returns the rules without which this person does not crash; none where it is no rule's doing."""
        with self._database.connection() as conn:
            rules = self._rules(conn, person)
        with self._database.transaction() as conn:
            self._aside.add(conn, person, PERSON, error, rules=[str(rule) for rule in rules])
            for rule in rules:
                self._stop(conn, rule)
        return rules

    def _rules(self, conn: Connection, person: UUID) -> list[UUID]:
        """Each is found by judging with it alone of all the rules there are; none where this person crashes without any.

        What it is found by is logged: it may be another error than that of the person. Raises what passes by itself (`passing`).
        """
        every = tables.rules_for(conn, person)
        found: list[UUID] = []

        def only(some: Sequence[UUID]) -> None:
            evaluate(conn, [person], None, aside=set(every).difference(some))

        def without_any() -> bool:
            try:
                only(())
            except Exception as error:
                if passing(error):
                    raise
                log.error("this person crashes whatever the rules", worker=WORKER, subject=str(person), exc_info=error)
                return False
            return True

        def guilty(rule: UUID, error: Exception) -> None:
            said = {"worker": WORKER, "subject": str(person), "rule": str(rule)}
            log.error("this person crashes by this rule alone", **said, exc_info=error)
            found.append(rule)

        if without_any():
            isolate(every, only, guilty)
        return found

    def _stop(self, conn: Connection, rule: UUID) -> None:
        """Of a rule by which too many people crash, nobody is tried any more: it waits, as one, for a person."""
        crashed = self._aside.count(conn, {"rules": [str(rule)]})
        if crashed > self._limit:
            revision = tables.assignments(conn, [rule])[rule].revision
            said = f"more than {self._limit} people crash by this rule (ROLLBOOK_SET_ASIDE_LIMIT): nobody follows it"
            self._aside.add(conn, rule, RULE, said, revision=revision)

    def settled(self, conn: Connection, people: Collection[UUID]) -> None:
        """These people have been brought in step."""
        self._aside.settle(conn, people)

    def lift(self, conn: Connection, row: SetAsideRow, meta: Meta) -> None:
        """Nobody was tried since: everybody in the scope of the rule is judged again."""
        self._aside.settle(conn, [row.subject])
        for people in scopes.scope(conn, _CHUNK, only=[row.subject]):
            facts.enqueue(conn, people, meta)
