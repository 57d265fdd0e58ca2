"""What makes something an exception today, and the day that each answer would set: by the same decisions as the answers (DUE-6)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from services.enrollment.application.evaluation import evaluate
from services.enrollment.domain import exception_answers
from services.enrollment.domain.due_dates import Deadline, Due
from services.enrollment.domain.enrollment import Enrollment
from services.enrollment.domain.terms import Terms
from services.enrollment.projections import exceptions, facts, matching, names, organisations, tables
from services.enrollment.projections.exceptions import ExceptionFacts, ExceptionItem, ExceptionQuery, OtherOffering
from shared.auth import Scope
from shared.contracts.enrollment import Resolution
from shared.database import Connection, Database
from shared.readmodel import Page

WAITING = ("open", "dismissed")


class _Case(NamedTuple):
    """Learners on one offering who stand alike, as the rules see them."""

    state: Enrollment
    wanted: Mapping[UUID, Due]
    terms: Terms
    others: tuple[UUID, ...]


class ExceptionQueries:
    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, scope: Scope, query: ExceptionQuery, cursor: str | None, size: int) -> Page[ExceptionItem]:
        """Those that wait tell why, and what each answer would set."""
        with self._database.transaction(snapshot=True) as conn:
            found = exceptions.exceptions(conn, scope, query, cursor, size)
            told = _facts(conn, [item for item in found.items if item.state in WAITING])
        for item in found.items:
            item.facts = told.get((item.person_id, item.offering_id)) if item.state in WAITING else None
        return found


def _facts(conn: Connection, items: Sequence[ExceptionItem]) -> dict[tuple[UUID, UUID], ExceptionFacts]:
    """By person and offering."""
    asked = {(item.person_id, item.offering_id) for item in items}
    if not asked:
        return {}
    cases = _cases(conn, asked)
    sources = exceptions.sources(conn, {id for case in cases.values() for id in case.state.waiting})
    titles = names.of_offerings(conn, {id for case in cases.values() for id in case.others})
    return {pair: _told(case, sources, titles) for pair, case in cases.items()}


def _cases(conn: Connection, asked: Iterable[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], _Case]:
    pairs = set(asked)
    offerings = {offering for _, offering in pairs}
    people = sorted({person for person, _ in pairs})
    cohorts = [
        one
        for one in matching.cohorts(conn, people, next(iter(offerings)) if len(offerings) == 1 else None)
        if one.offering in offerings
    ]
    on_offer, now = evaluate.offerings(conn, offerings), facts.now(conn)
    rows = tables.assignments(conn, {id for one in cohorts for id in one.wanted})
    shorter = {row.id: row.access_days for row in rows.values() if row.access_days is not None}
    found: dict[tuple[UUID, UUID], _Case] = {}
    for cohort in cohorts:
        zone = organisations.zone(cohort.zone)
        given = evaluate.terms(on_offer.get(cohort.offering), now, shorter, of_organisation=cohort.days, zone=zone)
        case = _Case(evaluate.prototype(cohort), evaluate.wanted(cohort), given, tuple(cohort.others or ()))
        found |= {(person, cohort.offering): case for person in cohort.people}
    return {pair: case for pair, case in found.items() if pair in pairs and case.state.exception}


def _told(case: _Case, sources: Mapping[UUID, exceptions.HeldSource], titles: Mapping[UUID, str]) -> ExceptionFacts:
    anyway, realistic = _due_after(case, "assigned"), _due_after(case, "realistic-date")
    waiting = case.state.waiting
    about = {due.about for id in waiting if (due := case.wanted.get(id)) and due.state == "unknown"}
    return ExceptionFacts(
        sources=[sources[id] for id in waiting if id in sources],
        minimum_minutes=case.terms.minimum_minutes,
        due_on=anyway.day if anyway else None,
        due_at=anyway.at if anyway else None,
        realistic_on=realistic.day if realistic else None,
        realistic_at=realistic.at if realistic else None,
        others=[OtherOffering(offering_id=id, title=titles[id]) for id in case.others if id in titles],
        empty=sorted(about),
    )


def _due_after(case: _Case, resolution: Resolution) -> Deadline | None:
    """When the learner would be due after this answer."""
    change = exception_answers.answer(case.state, resolution, case.wanted, case.terms, reason=None)
    return (change.after if change else case.state).due
