"""The settings of an offering, one form for each section, so that two administrators do not overwrite each other (ADM-1)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar
from uuid import UUID

from fastapi import APIRouter, Form, Response
from pydantic import JsonValue

from services.portal.api.admin.offerings.saving import Section, save
from services.portal.api.admin.offerings.sections import (
    REMINDERS,
    AdmissionForm,
    CompletionForm,
    DelaysForm,
    DropOutsForm,
    DueDatesForm,
    NotificationsForm,
    Sections,
    VisibilityForm,
)
from services.portal.api.visitor import Ask, ShowDep, refused_in
from services.portal.client import offerings, people
from services.portal.client.asking import Asking, Missing, ServiceProblem
from services.portal.client.offerings import Audience, WholeOffering
from services.portal.rendering import Show

router = APIRouter(prefix="/admin/offerings/{id}/configuration")


@dataclass(frozen=True)
class ConfigurationView:
    """`sections`: what the forms show; `changed`: a section as somebody else has saved it meanwhile; `at`: the section that was
    sent; `audiences`, `people`: names by id; `found`: audiences to choose from; `wrong`: the field that the refusal is about."""

    template: ClassVar[str] = "admin/offerings/configuration.html"
    offering: WholeOffering
    sections: Sections
    audiences: Mapping[UUID, str] | Missing
    people: Mapping[str, str] | Missing
    found: list[Audience]
    at: str
    changed: Section | None
    refused: ServiceProblem | None
    wrong: str


@router.get("")
def configuration(ask: Ask, show: ShowDep, id: UUID) -> Response:
    return _page(ask, show, id)


@router.post("/admission")
def admit(ask: Ask, show: ShowDep, id: UUID, asked: Annotated[AdmissionForm, Form()]) -> Response:
    return _save(ask, show, id, "admission", asked, lambda: asked.body(show.shell.write.zone))


@router.post("/visibility")
def choose_visibility(ask: Ask, show: ShowDep, id: UUID, asked: Annotated[VisibilityForm, Form()]) -> Response:
    """Finds, adds and removes audiences, too."""
    if asked.do != "save":
        return _page(ask, show, id, "visibility", asked.pressed(), q=asked.q)
    return _save(ask, show, id, "visibility", asked, asked.body)


@router.post("/completion")
def decide_completion(ask: Ask, show: ShowDep, id: UUID, asked: Annotated[CompletionForm, Form()]) -> Response:
    return _save(ask, show, id, "completion", asked, asked.body)


@router.post("/delays")
def delay(ask: Ask, show: ShowDep, id: UUID, asked: Annotated[DelaysForm, Form()]) -> Response:
    """The approvers stay as they are: the service takes both together."""

    def body() -> dict[str, JsonValue]:
        return {**offerings.whole(ask, id).approvals.model_dump(mode="json", exclude_none=True), **asked.body()}

    return _save(ask, show, id, "delays", asked, body)


@router.post("/due-dates")
def combine_due_dates(ask: Ask, show: ShowDep, id: UUID, asked: Annotated[DueDatesForm, Form()]) -> Response:
    return _save(ask, show, id, "due_dates", asked, asked.body)


@router.post("/drop-outs")
def decide_drop_outs(ask: Ask, show: ShowDep, id: UUID, asked: Annotated[DropOutsForm, Form()]) -> Response:
    return _save(ask, show, id, "drop_outs", asked, asked.body)


@router.post("/notifications")
def switch(ask: Ask, show: ShowDep, id: UUID, asked: Annotated[NotificationsForm, Form()]) -> Response:
    return _save(ask, show, id, "notifications", asked, asked.body)


_PATHS = {"delays": "approvals", "due_dates": "due-dates", "drop_outs": "drop-outs"}
"""Where the catalog has a section under another name."""


def _save(
    ask: Asking, show: Show, id: UUID, section: str, asked: Section, body: Callable[[], dict[str, JsonValue]]
) -> Response:
    def send(based_on: int) -> None:
        offerings.set_section(ask, id, _PATHS.get(section, section), body(), based_on, str(asked.key))

    def marked(there: WholeOffering) -> str:
        found: Section = getattr(Sections.of(there, show.shell.write.zone), section)
        return found.was

    try:
        save(ask, id, asked, marked, send)
    except ServiceProblem as problem:
        return _page(ask, show, id, section, asked, refused_in(problem))
    return show.go(f"/admin/offerings/{id}/configuration", said="saved")


def _page(
    ask: Asking,
    show: Show,
    id: UUID,
    at: str = "",
    asked: Section | None = None,
    refused: ServiceProblem | None = None,
    *,
    q: str = "",
) -> Response:
    offering = offerings.whole(ask, id)
    sections, changed = Sections.of(offering, show.shell.write.zone), None
    if asked:
        there: Section = getattr(sections, at)
        if refused and refused.status == 412:
            changed, asked = there, asked.based_on(there)
        sections = sections.with_one(at, asked)
    ids = {*sections.visibility.audiences, *offering.visibility.audiences}
    naming = ask.part(lambda: offerings.audiences_named(ask, ids))
    persons = ask.part(lambda: people.names(ask, offering.approvals.persons))
    found = offerings.audiences_called(ask, q) if q else []
    view = ConfigurationView(
        offering,
        sections,
        naming.result(),
        persons.result(),
        found,
        at,
        changed,
        refused,
        _wrong(refused),
    )
    return show(view, refused.status if refused else 200)


def _wrong(refused: ServiceProblem | None) -> str:
    told = (refused.field or "") if refused else ""
    for kind in REMINDERS:
        if f"{kind}_reminders" in told:
            return kind
    return told if told in ("opens", "closes", "ask_again_days", "escalation_days") else ""
