"""Offerings: list, show, edit; and the catalogue as code."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Request, Response
from pydantic import ValidationError

from services.catalog.api import views
from services.catalog.api.parts import Using, check_reader
from services.catalog.application.applying import File
from services.catalog.application.offerings import CertificationIn, CourseIn, QualificationIn
from services.catalog.domain.offering import Admission, Completion
from services.catalog.projections import offerings
from shared.auth import Permission, SignedIn
from shared.documents import body as document
from shared.errors import Invalid
from shared.http import Commanded, Cursor, Expected, PageSize, etag
from shared.limits import Place, Sought
from shared.limits.yaml_text import NoYaml, read_yaml
from shared.readmodel import Page
from shared.store import Receipt

router = APIRouter(prefix="/api/catalog")


OfferingIn = Annotated[CourseIn | CertificationIn | QualificationIn, Body(discriminator="kind")]


@router.get("/offerings")
def list_offerings(
    caller: SignedIn,
    using: Using,
    size: PageSize,
    q: Sought | None = None,
    active: bool | None = None,
    cursor: Cursor = None,
) -> Page[views.OfferingItem]:
    """Offerings by title; `q` is a part of title or code. For administrators: learners browse through enrollment (CAT-6)."""
    check_reader(caller)
    with using.catalog.database.connection() as conn:
        page = offerings.page(conn, q, active, cursor, size)
    return Page(items=[views.item(row) for row in page.items], next=page.next)


@router.get("/offerings/{offering_id}")
def show_offering(caller: SignedIn, using: Using, response: Response, offering_id: UUID) -> views.OfferingView:
    check_reader(caller)
    state = using.catalog.find(offering_id)
    with using.catalog.database.connection() as conn:
        row = offerings.by_id(conn, [offering_id])[offering_id]
        minutes = offerings.minutes_needed(conn, row)
    response.headers["ETag"] = etag(state.version)
    return views.whole(state, row, minutes)


@router.post("/offerings", status_code=201)
def create_offering(
    caller: SignedIn, context: Commanded, using: Using, response: Response, body: OfferingIn
) -> Receipt:
    """A new course, certification or qualification (CAT-1, CAT-2, CAT-9).

    A certification can be assigned once a version is published. The result warns of items that learners do not see (CAT-11).
    """
    caller.everywhere(Permission.EDIT_CATALOGUE)
    receipt = using.catalog.describe(context, body)
    if isinstance(receipt.result, dict):
        response.headers["Location"] = f"/api/catalog/offerings/{receipt.result['id']}"
    return receipt


@router.put("/offerings/{offering_id}")
def describe_offering(
    caller: SignedIn, context: Commanded, using: Using, offering_id: UUID, expected: Expected, body: OfferingIn
) -> Receipt:
    """Replace the description whole; send the ETag you read as If-Match."""
    caller.everywhere(Permission.EDIT_CATALOGUE)
    return using.catalog.describe(context, body, offering_id, expected)


@router.put("/offerings/{offering_id}/active")
def activate(caller: SignedIn, context: Commanded, using: Using, offering_id: UUID, expected: Expected) -> Receipt:
    """New learners may come; rules that waited catch up (CAT-4)."""
    caller.everywhere(Permission.EDIT_CATALOGUE)
    return using.catalog.activate(context, offering_id, active=True, expected=expected)


@router.delete("/offerings/{offering_id}/active")
def deactivate(caller: SignedIn, context: Commanded, using: Using, offering_id: UUID, expected: Expected) -> Receipt:
    """No new learner by any way; who is enrolled keeps the standing (CAT-4)."""
    caller.everywhere(Permission.EDIT_CATALOGUE)
    return using.catalog.activate(context, offering_id, active=False, expected=expected)


@router.put("/offerings/{offering_id}/notifications")
def switch_notifications(
    caller: SignedIn, context: Commanded, using: Using, offering_id: UUID, expected: Expected, body: views.Switches
) -> Receipt:
    """Which e-mails about this offering are sent (CAT-17)."""
    caller.everywhere(Permission.EDIT_CATALOGUE)
    return using.catalog.switch(context, offering_id, body.on, expected)


@router.put("/offerings/{offering_id}/drop-outs")
def decide_drop_outs(
    caller: SignedIn, context: Commanded, using: Using, offering_id: UUID, expected: Expected, body: views.DropOuts
) -> Receipt:
    """What becomes of begun training when its learner drops out of the last source (ASG-10); kept unless said otherwise."""
    caller.everywhere(Permission.EDIT_CATALOGUE)
    return using.catalog.decide_drop_outs(context, offering_id, keep_begun=body.keep_begun, expected=expected)


@router.put("/offerings/{offering_id}/due-dates")
def combine_due_dates(
    caller: SignedIn, context: Commanded, using: Using, offering_id: UUID, expected: Expected, body: views.DueDates
) -> Receipt:
    """Which of several due dates of a learner holds (DUE-3): the latest unless said otherwise."""
    caller.everywhere(Permission.EDIT_CATALOGUE)
    return using.catalog.combine_due_dates(context, offering_id, earliest=body.earliest_due, expected=expected)


@router.put("/offerings/{offering_id}/admission")
def admit(
    caller: SignedIn, context: Commanded, using: Using, offering_id: UUID, expected: Expected, body: views.AdmissionView
) -> Receipt:
    """How and when learners come by themselves (CAT-5, CAT-19). Administrators may assign at any time."""
    caller.everywhere(Permission.EDIT_CATALOGUE)
    return using.catalog.admit(context, offering_id, Admission(**body.model_dump()), expected)


@router.put("/offerings/{offering_id}/visibility")
def choose_visibility(
    caller: SignedIn,
    context: Commanded,
    using: Using,
    offering_id: UUID,
    expected: Expected,
    body: views.VisibilityView,
) -> Receipt:
    """Which audiences see the offering without being assigned; none: everybody (CAT-7)."""
    caller.everywhere(Permission.EDIT_CATALOGUE)
    return using.catalog.choose_visibility(context, offering_id, body.audiences, expected)


@router.put("/offerings/{offering_id}/completion")
def decide_completion(
    caller: SignedIn,
    context: Commanded,
    using: Using,
    offering_id: UUID,
    expected: Expected,
    body: views.CompletionView,
) -> Receipt:
    """What a completion asks for (CAT-12, ENR-8)."""
    caller.everywhere(Permission.EDIT_CATALOGUE)
    return using.catalog.decide_completion(context, offering_id, Completion(**body.model_dump()), expected)


@router.put("/offerings/{offering_id}/versions/{number}")
def draft_version(
    caller: SignedIn,
    context: Commanded,
    using: Using,
    offering_id: UUID,
    number: Place,
    expected: Expected,
    body: views.Steps,
) -> Receipt:
    """Write the next version, or rewrite a draft (CAT-2)."""
    caller.everywhere(Permission.EDIT_CATALOGUE)
    return using.catalog.draft(context, offering_id, number, body.steps, expected, in_order=body.in_order)


@router.post("/offerings/{offering_id}/versions/{number}/publish")
def publish_version(
    caller: SignedIn, context: Commanded, using: Using, offering_id: UUID, number: Place, expected: Expected
) -> Receipt:
    """Learners who come from now on follow this version; past completions keep theirs (CAT-15)."""
    caller.everywhere(Permission.EDIT_CATALOGUE)
    return using.catalog.publish(context, offering_id, number, expected)


@router.post("/offerings/{offering_id}/versions/{number}/retire")
def retire_version(
    caller: SignedIn, context: Commanded, using: Using, offering_id: UUID, number: Place, expected: Expected
) -> Receipt:
    caller.everywhere(Permission.EDIT_CATALOGUE)
    return using.catalog.retire(context, offering_id, number, expected)


_ELSEWHERE = frozenset({"groups", "triggers"})
"""What a file may hold beside offerings and job roles (CAT-16)."""


async def _body(request: Request) -> bytes:
    return await request.body()


@router.post("/apply", openapi_extra=document("application/yaml", "Offerings and job roles, as YAML or JSON"))
def apply(
    caller: SignedIn,
    context: Commanded,
    using: Using,
    body: Annotated[bytes, Depends(_body)],
    dry_run: bool = False,
) -> Receipt:
    """The catalogue as code, YAML or JSON (CAT-16). All or nothing; `dry_run` only shows the difference."""
    caller.everywhere(Permission.EDIT_CATALOGUE)
    return using.applying.apply(context, _file(body), dry_run=dry_run)


def _file(body: bytes) -> File:
    try:
        return File.model_validate(read_yaml(body))
    except NoYaml as error:
        raise Invalid(f"The file {error}.", field="file") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        elsewhere = " It belongs to enrollment: rollbook apply sends it there." if where in _ELSEWHERE else ""
        raise Invalid(f"{where}: {first['msg']}.{elsewhere}", field=where) from error
