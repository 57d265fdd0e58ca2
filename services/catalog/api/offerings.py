"""Offerings: list, show, edit; and the catalog as code."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Query, Request, Response
from pydantic import ValidationError

from services.catalog.api import views
from services.catalog.api.dependencies import CatalogDep, ManifestApplierDep, check_reader
from services.catalog.application.contents import ApprovalsIn
from services.catalog.application.manifest import Manifest
from services.catalog.application.offerings import CertificationIn, CourseIn, QualificationIn
from services.catalog.domain.offering import Admission, Completion
from services.catalog.projections import offerings
from shared.auth import CurrentCaller, Permission
from shared.contracts.catalog import OfferingKind
from shared.documents import body as document
from shared.errors import Invalid
from shared.http import CommandContextDep, Cursor, IfMatch, PageSize, etag
from shared.limits import Place, Sought
from shared.limits.yaml_text import NoYaml, read_yaml
from shared.readmodel import Page
from shared.store import Receipt

router = APIRouter(prefix="/api/catalog")


OfferingIn = Annotated[CourseIn | CertificationIn | QualificationIn, Body(discriminator="kind")]


@router.get("/offerings")
def list_offerings(
    caller: CurrentCaller,
    catalog: CatalogDep,
    size: PageSize,
    q: Sought | None = None,
    kind: OfferingKind | None = None,
    active: bool | None = None,
    ids: Annotated[list[UUID] | None, Query(max_length=200)] = None,
    sort: offerings.Sort = "title",
    cursor: Cursor = None,
) -> Page[views.OfferingItem]:
    """List offerings by title or code; `q` matches part of either, `ids` gives these offerings alone (at most 200). For
    administrators; learners browse through enrollment (CAT-6)."""
    check_reader(caller)
    wanted = offerings.Wanted(q, kind, active, ids)
    with catalog.database.connection() as conn:
        page = offerings.page(conn, wanted, sort, cursor, size)
    return Page(items=[views.item(row) for row in page.items], next=page.next)


@router.get("/offerings/{offering_id}")
def show_offering(
    caller: CurrentCaller, catalog: CatalogDep, response: Response, offering_id: UUID
) -> views.OfferingView:
    check_reader(caller)
    state = catalog.find(offering_id)
    with catalog.database.connection() as conn:
        row = offerings.by_id(conn, [offering_id])[offering_id]
        minutes = offerings.minutes_needed(conn, row)
    response.headers["ETag"] = etag(state.version)
    return views.whole(state, row, minutes)


@router.post("/offerings", status_code=201)
def create_offering(
    caller: CurrentCaller, context: CommandContextDep, catalog: CatalogDep, response: Response, body: OfferingIn
) -> Receipt:
    """Create a course, certification or qualification (CAT-1, CAT-2, CAT-9).

    A certification can be assigned once a version is published. The result warns of items that learners do not see (CAT-11).
    """
    caller.everywhere(Permission.EDIT_CATALOG)
    receipt = catalog.describe(context, body)
    if isinstance(receipt.result, dict):
        response.headers["Location"] = f"/api/catalog/offerings/{receipt.result['id']}"
    return receipt


@router.put("/offerings/{offering_id}")
def describe_offering(
    caller: CurrentCaller,
    context: CommandContextDep,
    catalog: CatalogDep,
    offering_id: UUID,
    expected: IfMatch,
    body: OfferingIn,
) -> Receipt:
    """Replace the whole description; send the ETag you read as If-Match."""
    caller.everywhere(Permission.EDIT_CATALOG)
    return catalog.describe(context, body, offering_id, expected)


@router.put("/offerings/{offering_id}/active")
def activate(
    caller: CurrentCaller, context: CommandContextDep, catalog: CatalogDep, offering_id: UUID, expected: IfMatch
) -> Receipt:
    """Activate an offering: it accepts new learners, and rules that were waiting catch up (CAT-4)."""
    caller.everywhere(Permission.EDIT_CATALOG)
    return catalog.activate(context, offering_id, active=True, expected=expected)


@router.delete("/offerings/{offering_id}/active")
def deactivate(
    caller: CurrentCaller, context: CommandContextDep, catalog: CatalogDep, offering_id: UUID, expected: IfMatch
) -> Receipt:
    """Deactivate an offering: it accepts no new learners; those already enrolled keep their status (CAT-4)."""
    caller.everywhere(Permission.EDIT_CATALOG)
    return catalog.activate(context, offering_id, active=False, expected=expected)


@router.put("/offerings/{offering_id}/notifications")
def switch_notifications(
    caller: CurrentCaller,
    context: CommandContextDep,
    catalog: CatalogDep,
    offering_id: UUID,
    expected: IfMatch,
    body: views.Switches,
) -> Receipt:
    """Choose which e-mails about this offering are sent, which are copied to managers, and when learners are reminded (CAT-17,
    NTF-1)."""
    caller.everywhere(Permission.EDIT_CATALOG)
    return catalog.switch(context, offering_id, body.on, body.mail.rules() if body.mail else None, expected)


@router.put("/offerings/{offering_id}/drop-outs")
def decide_drop_outs(
    caller: CurrentCaller,
    context: CommandContextDep,
    catalog: CatalogDep,
    offering_id: UUID,
    expected: IfMatch,
    body: views.DropOuts,
) -> Receipt:
    """Choose what happens to training in progress when its learner loses the last assignment (ASG-10); the
    default is to keep it."""
    caller.everywhere(Permission.EDIT_CATALOG)
    return catalog.decide_drop_outs(context, offering_id, keep_begun=body.keep_begun, expected=expected)


@router.put("/offerings/{offering_id}/due-dates")
def combine_due_dates(
    caller: CurrentCaller,
    context: CommandContextDep,
    catalog: CatalogDep,
    offering_id: UUID,
    expected: IfMatch,
    body: views.DueDates,
) -> Receipt:
    """Choose which of a learner's due dates applies (DUE-3); the default is the latest."""
    caller.everywhere(Permission.EDIT_CATALOG)
    return catalog.combine_due_dates(context, offering_id, earliest=body.earliest_due, expected=expected)


@router.put("/offerings/{offering_id}/admission")
def admit(
    caller: CurrentCaller,
    context: CommandContextDep,
    catalog: CatalogDep,
    offering_id: UUID,
    expected: IfMatch,
    body: views.AdmissionView,
) -> Receipt:
    """Choose how and when learners can enrol themselves (CAT-5, CAT-19). Administrators can assign at any time."""
    caller.everywhere(Permission.EDIT_CATALOG)
    return catalog.admit(context, offering_id, Admission(**body.model_dump()), expected)


@router.put("/offerings/{offering_id}/visibility")
def choose_visibility(
    caller: CurrentCaller,
    context: CommandContextDep,
    catalog: CatalogDep,
    offering_id: UUID,
    expected: IfMatch,
    body: views.VisibilityView,
) -> Receipt:
    """Choose which audiences see the offering without being assigned; with none, everybody sees it (CAT-7)."""
    caller.everywhere(Permission.EDIT_CATALOG)
    return catalog.choose_visibility(context, offering_id, body.audiences, expected)


@router.put("/offerings/{offering_id}/completion")
def decide_completion(
    caller: CurrentCaller,
    context: CommandContextDep,
    catalog: CatalogDep,
    offering_id: UUID,
    expected: IfMatch,
    body: views.CompletionView,
) -> Receipt:
    """Choose what a completion requires (CAT-12, ENR-8)."""
    caller.everywhere(Permission.EDIT_CATALOG)
    return catalog.decide_completion(context, offering_id, Completion(**body.model_dump()), expected)


@router.put("/offerings/{offering_id}/approvals")
def configure_approvals(
    caller: CurrentCaller,
    context: CommandContextDep,
    catalog: CatalogDep,
    offering_id: UUID,
    expected: IfMatch,
    body: ApprovalsIn,
) -> Receipt:
    """Choose who decides on requests for access, for a later due date, and on completions, in one or more stages (CAT-13,
    APR-4)."""
    caller.everywhere(Permission.EDIT_CATALOG)
    return catalog.configure_approvals(context, offering_id, body.approvals(), expected)


@router.put("/offerings/{offering_id}/versions/{number}")
def draft_version(
    caller: CurrentCaller,
    context: CommandContextDep,
    catalog: CatalogDep,
    offering_id: UUID,
    number: Place,
    expected: IfMatch,
    body: views.Steps,
) -> Receipt:
    """Draft the next version, or replace a draft (CAT-2)."""
    caller.everywhere(Permission.EDIT_CATALOG)
    return catalog.draft(context, offering_id, number, body.steps, expected, in_order=body.in_order)


@router.post("/offerings/{offering_id}/versions/{number}/publish")
def publish_version(
    caller: CurrentCaller,
    context: CommandContextDep,
    catalog: CatalogDep,
    offering_id: UUID,
    number: Place,
    expected: IfMatch,
) -> Receipt:
    """Learners who come from now on follow this version; past completions keep theirs (CAT-15)."""
    caller.everywhere(Permission.EDIT_CATALOG)
    return catalog.publish(context, offering_id, number, expected)


@router.post("/offerings/{offering_id}/versions/{number}/retire")
def retire_version(
    caller: CurrentCaller,
    context: CommandContextDep,
    catalog: CatalogDep,
    offering_id: UUID,
    number: Place,
    expected: IfMatch,
) -> Receipt:
    caller.everywhere(Permission.EDIT_CATALOG)
    return catalog.retire(context, offering_id, number, expected)


_ELSEWHERE = frozenset({"groups", "triggers"})
"""What a file may hold beside offerings and job roles (CAT-16)."""


async def _body(request: Request) -> bytes:
    return await request.body()


@router.post("/apply", openapi_extra=document("application/yaml", "Offerings and job roles, as YAML or JSON"))
def apply(
    caller: CurrentCaller,
    context: CommandContextDep,
    applier: ManifestApplierDep,
    body: Annotated[bytes, Depends(_body)],
    dry_run: bool = False,
) -> Receipt:
    """Apply the catalog as code, in YAML or JSON (CAT-16). It is all or nothing; `dry_run` only shows the difference."""
    caller.everywhere(Permission.EDIT_CATALOG)
    return applier.apply(context, _file(body), dry_run=dry_run)


def _file(body: bytes) -> Manifest:
    try:
        return Manifest.model_validate(read_yaml(body))
    except NoYaml as error:
        raise Invalid(f"The file {error}.", field="file") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        elsewhere = " It belongs to enrollment: rollbook apply sends it there." if where in _ELSEWHERE else ""
        raise Invalid(f"{where}: {first['msg']}.{elsewhere}", field=where) from error
