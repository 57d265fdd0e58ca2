"""Dead letters of all services: what crashed, what stands still for it, and a person's word on it (OPS-8)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar
from urllib.parse import quote, urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Path, Query, Response

from services.portal.api.visitor import Ask, ShowDep, SignedIn, refused_in
from services.portal.client import letters
from services.portal.client.asking import Asking, Listed, Missing, ServiceProblem
from services.portal.client.letters import Address, DeadLetter, Entry
from services.portal.rendering import Show
from shared.auth import Permission
from shared.errors import NotFound
from shared.limits import Cursor, Key, Line, Number
from shared.suite import FOLLOWING

router = APIRouter(prefix="/admin/system/letters")

_SHOWN = 20
"""Entries of a letter that are listed."""


@dataclass(frozen=True)
class LettersView:
    """`found` by service, None: only for those who operate everything; `following`: where the next letters of each are;
    `unknown`: services that do not answer now."""

    template: ClassVar[str] = "admin/letters/letters.html"
    found: dict[str, Listed[DeadLetter]] | None
    following: dict[str, str]
    unknown: list[str]
    service: str


@dataclass(frozen=True)
class LetterView:
    """`entries`: how many wait, and `shown` the first of them. `asks`: whether to drop the first."""

    template: ClassVar[str] = "admin/letters/letter.html"
    letter: Address
    here: str
    first: Entry
    shown: list[Entry]
    entries: int
    asks: bool
    refused: ServiceProblem | None


def _address(service: Line, source: Annotated[Key, Path()], key: UUID) -> Address:
    if service not in FOLLOWING:
        raise NotFound("There is no service of this name that has dead letters.")
    return Address(service, source, key)


Letter = Annotated[Address, Depends(_address)]


@router.get("")
def list_letters(
    ask: Ask,
    session: SignedIn,
    show: ShowDep,
    service: Annotated[Line, Query()] = "",
    cursor: Annotated[Cursor, Query()] = "",
) -> Response:
    """All services are asked at once; of one alone the list goes on by its cursor."""
    if Permission.OPERATE not in session.everywhere:
        return show(LettersView(None, {}, [], ""), 403)
    one = service if service in FOLLOWING else ""
    answers = {one: letters.letters_of(ask, one, cursor)} if one else letters.letters(ask)
    found = {each: answer for each, answer in answers.items() if isinstance(answer, Listed)}
    following = {each: _next(each, listed.next) for each, listed in found.items() if listed.next}
    return show(LettersView(found, following, [each for each in answers if each not in found], one))


@router.get("/{service}/{source}/{key}")
def show_letter(ask: Ask, show: ShowDep, letter: Letter) -> Response:
    return _page(ask, show, letter)


@router.get("/{service}/{source}/{key}/drop")
def ask_to_drop(ask: Ask, show: ShowDep, letter: Letter) -> Response:
    return _page(ask, show, letter, asks=True)


@router.post("/{service}/{source}/retry")
def retry_all(
    ask: Ask, show: ShowDep, service: Line, source: Annotated[Key, Path()], form_key: Annotated[UUID, Form(alias="key")]
) -> Response:
    if service not in FOLLOWING:
        raise NotFound("There is no service of this name that has dead letters.")
    done = letters.retry_all(ask, service, source, str(form_key))
    said = "letters-crashed" if done.crashed else "letters-more" if done.more else "letters-retried"
    return show.go(router.prefix, said=said)


@router.post("/{service}/{source}/{key}/retry")
def retry(ask: Ask, show: ShowDep, letter: Letter, form_key: Annotated[UUID, Form(alias="key")]) -> Response:
    try:
        letters.retry(ask, letter, str(form_key))
    except ServiceProblem as problem:
        return _refused(ask, show, letter, problem)
    return show.go(router.prefix, said="letter-retried")


@router.post("/{service}/{source}/{key}/drop")
def drop(
    ask: Ask,
    show: ShowDep,
    letter: Letter,
    form_key: Annotated[UUID, Form(alias="key")],
    position: Annotated[Number, Form()],
) -> Response:
    """Only the entry that was looked at. What waits behind it is shown next, since it still waits."""
    try:
        letters.drop(ask, letter, position, str(form_key))
    except ServiceProblem as problem:
        return _refused(ask, show, letter, problem, asks=True)
    rest = ask.part(lambda: letters.entries(ask, letter)).result()
    return show.go(router.prefix if isinstance(rest, Missing) else _here(letter), said="letter-dropped")


def _here(letter: Address) -> str:
    return f"{router.prefix}/{letter.service}/{quote(letter.source, safe='')}/{letter.key}"


def _next(service: str, cursor: str) -> str:
    return f"{router.prefix}?{urlencode({'service': service, 'cursor': cursor})}"


def _refused(ask: Asking, show: Show, letter: Address, problem: ServiceProblem, *, asks: bool = False) -> Response:
    """It is told on the page of the letter; where that is gone, on the list."""
    if problem.status == 404:
        return show.go(router.prefix, said="letter-gone")
    return _page(ask, show, letter, refused_in(problem), asks=asks)


def _page(
    ask: Asking, show: Show, letter: Address, refused: ServiceProblem | None = None, *, asks: bool = False
) -> Response:
    found = letters.entries(ask, letter)
    view = LetterView(letter, _here(letter), found[0], found[:_SHOWN], len(found), asks, refused)
    return show(view, refused.status if refused else 200)
