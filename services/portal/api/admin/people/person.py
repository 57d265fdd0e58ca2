"""One person: who it is, where they work, what they learn, what they may do; leaving and coming back (DIR-1 to DIR-5, SEC-2)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Query, Response

from services.portal.api.visitor import Ask, ShowDep, refused_in
from services.portal.client.asking import Asking, Listed, Missing, Receipt, ServiceProblem
from services.portal.client.directory import PastSignIn, past_sign_ins
from services.portal.client.people import Person, people_names
from services.portal.client.persons import Training, WholePerson, deactivate, reactivate, training, whole_person
from services.portal.rendering import Show
from shared.limits import Cursor

router = APIRouter(prefix="/admin/people/{id}")

_SIGN_INS = 10


@dataclass(frozen=True)
class PersonView:
    """`training` None: whoever looks may not see it; `names`: of managers; `following`: the next page of training."""

    template: ClassVar[str] = "admin/people/person.html"
    found: WholePerson
    training: Listed[Training] | Missing | None
    sign_ins: Listed[PastSignIn] | Missing
    names: dict[UUID, Person] | Missing
    following: str | None
    refused: ServiceProblem | None


@router.get("")
def person(ask: Ask, show: ShowDep, id: UUID, cursor: Annotated[Cursor, Query()] = "") -> Response:
    return _page(ask, show, id, cursor)


@router.post("/deactivate")
def leave(ask: Ask, show: ShowDep, id: UUID, version: Annotated[int, Form()], key: Annotated[UUID, Form()]) -> Response:
    return _changed(ask, show, id, lambda: deactivate(ask, id, version, str(key)), "deactivated")


@router.post("/reactivate")
def come_back(
    ask: Ask, show: ShowDep, id: UUID, version: Annotated[int, Form()], key: Annotated[UUID, Form()]
) -> Response:
    return _changed(ask, show, id, lambda: reactivate(ask, id, version, str(key)), "reactivated")


def _changed(ask: Asking, show: Show, id: UUID, command: Callable[[], Receipt], said: str) -> Response:
    try:
        command()
    except ServiceProblem as problem:
        return _page(ask, show, id, "", refused_in(problem))
    return show.go(f"/admin/people/{id}", said=said)


def _page(ask: Asking, show: Show, id: UUID, cursor: str, refused: ServiceProblem | None = None) -> Response:
    learning = ask.part(lambda: training(ask, id, cursor)) if show.shell.may("read-assignments") else None
    sign_ins = ask.part(lambda: past_sign_ins(ask, str(id), _SIGN_INS))
    found = whole_person(ask, id)
    names = ask.part(lambda: people_names(ask, found.managers)).result()
    trained = learning.result() if learning else None
    next = trained.next if isinstance(trained, Listed) else None
    following = f"/admin/people/{id}?{urlencode({'cursor': next})}" if next else None
    view = PersonView(found, trained, sign_ins.result(), names, following, refused)
    return show(view, refused.status if refused else 200)
