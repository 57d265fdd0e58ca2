"""The learners whom exceptions hold back from one offering (DUE-4 to DUE-7)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Response

from services.portal.api.admin.exceptions import Answer, Asked, Results, answered, page
from services.portal.api.questions import Question, the_question
from services.portal.api.visitor import Ask, SealerDep, ShowDep

router = APIRouter(prefix="/admin/offerings/{offering_id}/exceptions")


@router.get("")
def list_exceptions(
    ask: Ask, show: ShowDep, sealer: SealerDep, offering_id: UUID, asked: Annotated[Asked, Query()], s: Question = ""
) -> Response:
    return page(ask, show, asked, offering=offering_id, results=the_question(sealer, s, Results))


@router.post("/answer")
def answer(ask: Ask, show: ShowDep, sealer: SealerDep, offering_id: UUID, typed: Annotated[Answer, Form()]) -> Response:
    return answered(ask, show, sealer, typed, offering_id)
