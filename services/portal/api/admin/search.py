"""One field for everything: people and offerings by what one remembers of them."""

from dataclasses import dataclass
from typing import Annotated, ClassVar
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Response
from pydantic import BaseModel

from services.portal.api.questions import Question, sealed_question, the_question
from services.portal.api.visitor import Ask, SealerDep, ShowDep, SignedIn
from services.portal.client.asking import Missing
from services.portal.client.catalog import Offering, offerings_called
from services.portal.client.people import Person, people_remembered
from shared.limits import Sought

router = APIRouter(prefix="/admin/search")


class SearchForm(BaseModel):
    q: Sought = ""


@dataclass(frozen=True)
class SearchView:
    """What was found; nothing at all while nothing was asked."""

    template: ClassVar[str] = "admin/search.html"
    asked: SearchForm
    people: list[Person] | Missing
    offerings: list[Offering] | Missing


@router.get("")
def search(ask: Ask, show: ShowDep, sealer: SealerDep, s: Question = "") -> Response:
    asked = the_question(sealer, s, SearchForm)
    text = asked.q.strip()
    if not text:
        return show(SearchView(asked, [], []))
    people = ask.part(lambda: people_remembered(ask, text))
    offerings = ask.part(lambda: offerings_called(ask, text))
    return show(SearchView(asked, people.result(), offerings.result()))


@router.post("")
def seek(_: SignedIn, show: ShowDep, sealer: SealerDep, asked: Annotated[SearchForm, Form()]) -> Response:
    """It may be somebody's name: sealed before it is in an address (DIR-9)."""
    return show.go(f"{router.prefix}?{urlencode({'s': sealed_question(sealer, asked)})}" if asked.q else router.prefix)
