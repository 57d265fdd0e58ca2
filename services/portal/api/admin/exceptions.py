"""Learners whom an exception holds back: why, and one answer for one or many, with a result for each (DUE-4 to DUE-7)."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, ClassVar, get_args
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Query, Response
from pydantic import BaseModel, Field

from services.portal.api.questions import Question, sealed_question, the_question
from services.portal.api.visitor import Ask, SealerDep, ShowDep, refused_in
from services.portal.client import exceptions
from services.portal.client.asking import Asking, Listed, Missing, Params, ServiceProblem
from services.portal.client.catalog import OfferingHead, offering_head
from services.portal.client.exceptions import Answers, Counts, HeldBack
from services.portal.client.people import names
from services.portal.rendering import Show
from services.portal.sealing import Sealer
from shared.contracts.enrollment import ExceptionKind
from shared.limits import Cursor, Line, Remark

router = APIRouter(prefix="/admin/exceptions")

KINDS = get_args(ExceptionKind)
_STATES = {
    "": {"waiting": "true"},
    "open": {"state": "open"},
    "dismissed": {"state": "dismissed"},
    "handled": {"waiting": "false"},
}
_TOLD = 50
"""So many results are told one by one: a page has no more rows."""
Chosen = Annotated[list[UUID], Field(max_length=1_000)]


class Asked(BaseModel):
    """Which exceptions; `state` empty: all that wait, set aside ones too."""

    offering_id: Line = ""
    kind: Line = ""
    state: Line = ""
    cursor: Cursor = ""

    @property
    def filters(self) -> dict[str, str]:
        found = {"offering_id": self.offering_id, "kind": self.kind if self.kind in KINDS else ""}
        return {name: value for name, value in found.items() if value}

    @property
    def shown(self) -> str:
        return self.state if self.state in _STATES else ""


class ResultLine(BaseModel):
    """What came of one of those who were answered."""

    person_id: UUID
    offering: str
    status: str | None = None
    refused: str | None = None


class Results(BaseModel):
    """Sealed in an address. `done`: how many were answered, of whom `lines` tells some one by one."""

    done: int = 0
    refused: int = 0
    more: bool = False
    lines: list[ResultLine] = []


@dataclass(frozen=True)
class Dates:
    """The first and the last day that an answer would set, of the rows of a page."""

    first: date
    last: date


class Answer(BaseModel):
    """What somebody chose and typed."""

    enrollment: Chosen = []
    everything: bool = False
    resolution: Line = ""
    reason: Remark = ""
    key: UUID | None = None
    offering_id: Line = ""
    kind: Line = ""
    state: Line = ""
    cursor: Cursor = ""


@dataclass(frozen=True)
class ExceptionsView:
    """`offering`: on its own page; `at`: the address of the list; `dates` by answer; `results`: of the answer before."""

    template: ClassVar[str] = "admin/exceptions.html"
    offering: OfferingHead | None
    at: str
    asked: Asked
    found: Listed[HeldBack]
    counts: Counts
    names: dict[str, str] | Missing
    kinds: tuple[str, ...]
    dates: dict[str, Dates]
    following: str | None
    results: Results
    typed: Answer
    refused: ServiceProblem | None


@router.get("")
def list_exceptions(
    ask: Ask, show: ShowDep, sealer: SealerDep, asked: Annotated[Asked, Query()], s: Question = ""
) -> Response:
    return page(ask, show, asked, results=the_question(sealer, s, Results))


@router.post("/answer")
def answer(ask: Ask, show: ShowDep, sealer: SealerDep, typed: Annotated[Answer, Form()]) -> Response:
    return answered(ask, show, sealer, typed)


def page(
    ask: Asking,
    show: Show,
    asked: Asked,
    *,
    offering: UUID | None = None,
    results: Results | None = None,
    typed: Answer | None = None,
    refused: ServiceProblem | None = None,
) -> Response:
    """`offering`: the page of one."""
    asked = asked.model_copy(update={"offering_id": str(offering)}) if offering else asked
    filters, told = asked.filters, results or Results()
    head = ask.begin(lambda: offering_head(ask, offering)) if offering else None
    counts = ask.begin(lambda: exceptions.counts(ask, filters.get("offering_id", ""), filters.get("kind", "")))
    found = exceptions.exceptions(ask, {**filters, **_STATES[asked.shown], "cursor": asked.cursor, "limit": _TOLD})
    who = {str(one.person_id) for one in found.items} | {str(one.person_id) for one in told.lines}
    who |= {str(one.changed_by) for one in found.items if one.facts is None or one.state == "dismissed"}
    called = ask.part(lambda: names(ask, who)).result()
    at = _address(offering)
    view = ExceptionsView(
        offering=head.result() if head else None,
        at=at,
        asked=asked,
        found=found,
        counts=counts.result(),
        names=called,
        kinds=KINDS,
        dates=_dates(found.items),
        following=_following(at, asked, found.next, alone=offering is not None),
        results=told,
        typed=typed or Answer(),
        refused=refused,
    )
    return show(view, refused.status if refused else 200)


def answered(ask: Asking, show: Show, sealer: Sealer, typed: Answer, offering: UUID | None = None) -> Response:
    """Nothing is all or nothing: each has its own result."""
    asked = Asked(**typed.model_dump(include=set(Asked.model_fields)))
    if offering:
        asked = asked.model_copy(update={"offering_id": str(offering)})
    every = asked.filters if typed.everything else {}
    lacking = "nobody-selected" if not typed.enrollment and not every else "" if typed.resolution else "answer-missing"
    if lacking:
        problem = ServiceProblem(422, {"type": f"urn:rollbook:problem:{lacking}"})
        return page(ask, show, asked, offering=offering, typed=typed, refused=problem)
    query: Params = {**asked.filters, **_STATES[asked.shown], "cursor": asked.cursor, "limit": _TOLD}
    try:
        known = {one.enrollment_id: one for one in exceptions.exceptions(ask, query).items}
        answers = exceptions.answer_many(
            ask, typed.enrollment, every, typed.resolution, typed.reason.strip(), str(typed.key or show.shell.key())
        )
    except ServiceProblem as problem:
        return page(ask, show, asked, offering=offering, typed=typed, refused=refused_in(problem))
    told = {"s": sealed_question(sealer, _results(answers, known)), "state": asked.shown, **asked.filters}
    if offering:
        told.pop("offering_id")
    return show.go(f"{_address(offering)}?{urlencode({name: value for name, value in told.items() if value})}")


def _results(answers: Answers, known: dict[UUID, HeldBack]) -> Results:
    lines = [
        ResultLine(
            person_id=known[one.enrollment_id].person_id,
            offering=known[one.enrollment_id].offering_title,
            status=one.status,
            refused=one.refused,
        )
        for one in answers.answered
        if one.enrollment_id in known
    ]
    refused = sum(one.refused is not None for one in answers.answered)
    return Results(done=len(answers.answered) - refused, refused=refused, more=answers.more, lines=lines[:_TOLD])


def _dates(rows: list[HeldBack]) -> dict[str, Dates]:
    facts = [one.facts for one in rows if one.facts]
    days = {
        "assigned": [one.due_on for one in facts if one.due_on],
        "realistic-date": [one.realistic_on for one in facts if one.realistic_on],
    }
    return {answer: Dates(min(found), max(found)) for answer, found in days.items() if found}


def _address(offering: UUID | None) -> str:
    return f"/admin/offerings/{offering}/exceptions" if offering else router.prefix


def _following(at: str, asked: Asked, cursor: str | None, *, alone: bool) -> str | None:
    if not cursor:
        return None
    query = {**asked.filters, "state": asked.shown, "cursor": cursor}
    return f"{at}?{urlencode({n: v for n, v in query.items() if v and not (alone and n == 'offering_id')})}"
