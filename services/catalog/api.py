"""Routes of the catalogue: /api/catalog/..."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import yaml
from fastapi import APIRouter, Body, Depends, Request, Response
from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from services.catalog import projections
from services.catalog.application.applying import Applying, File
from services.catalog.application.offerings import Catalog, CertificationIn, CourseIn
from services.catalog.domain import Admission, Completion, Course
from shared.auth import Permission, SignedIn
from shared.contracts.catalog import Activity, LearnerAccess, Notification, Price, Step
from shared.errors import Invalid
from shared.http import Commanded, Cursor, Expected, PageSize, etag
from shared.readmodel import Page
from shared.store import Receipt

router = APIRouter(prefix="/api/catalog")


@dataclass(frozen=True)
class Parts:
    """What the routes use; main builds it."""

    catalog: Catalog
    applying: Applying


def parts(request: Request) -> Parts:
    found: Parts = request.app.state.parts
    return found


Using = Annotated[Parts, Depends(parts)]
OfferingIn = Annotated[CourseIn | CertificationIn, Body(discriminator="kind")]


class OfferingItem(BaseModel):
    """An offering in a list. `open`: new learners may come (CAT-3, CAT-4)."""

    id: UUID
    kind: str
    code: str
    title: str
    active: bool
    published: int | None
    open: bool


class VersionView(BaseModel):
    number: int
    state: str
    steps: tuple[Step, ...]
    in_order: bool


class OfferingView(OfferingItem):
    """An offering, whole."""

    description: str
    activities: tuple[Activity, ...]
    minimum_minutes: int
    access_days: int | None
    certificate: str | None
    badge: str | None
    price: Price | None
    versions: list[VersionView]
    notifications: list[Notification]
    keep_begun: bool
    in_order: bool
    admission: "AdmissionView"
    completion: "CompletionView"


class Steps(BaseModel):
    """`in_order`: one after the other."""

    steps: list[Step] = Field(min_length=1, max_length=200)
    in_order: bool = False


class AdmissionView(BaseModel):
    """How learners come by themselves (CAT-5), and from when until when (CAT-19); the end is not included."""

    access: LearnerAccess = "request"
    opens: AwareDatetime | None = None
    closes: AwareDatetime | None = None


class CompletionView(BaseModel):
    """Whether an administrator looks at it first (CAT-12); whether courses completed elsewhere count for its steps (ENR-8)."""

    review: bool = False
    earlier_completions: bool = False


class Switches(BaseModel):
    """The notifications that are on (CAT-17)."""

    on: frozenset[Notification]


class DropOuts(BaseModel):
    """Whether who drops out of the last source keeps training that was begun (ASG-10)."""

    keep_begun: bool


def _item(row: projections.OfferingRow) -> OfferingItem:
    fields = {name: getattr(row, name) for name in OfferingItem.model_fields if name != "open"}
    return OfferingItem(**fields, open=row.active and (row.kind != "certification" or row.published is not None))


@router.get("/offerings")
def list_offerings(
    caller: SignedIn,  # noqa: ARG001
    using: Using,
    size: PageSize,
    q: str | None = None,
    active: bool | None = None,
    cursor: Cursor = None,
) -> Page[OfferingItem]:
    """Offerings by title; `q` is a part of title or code."""
    with using.catalog.database.connection() as conn:
        page = projections.page(conn, q, active, cursor, size)
    return Page(items=[_item(row) for row in page.items], next=page.next)


@router.get("/offerings/{offering_id}")
def show_offering(caller: SignedIn, using: Using, response: Response, offering_id: UUID) -> OfferingView:  # noqa: ARG001
    state = using.catalog.find(offering_id)
    with using.catalog.database.connection() as conn:
        row = projections.by_id(conn, [offering_id])[offering_id]
        minutes = projections.minutes_needed(conn, row)
    response.headers["ETag"] = etag(state.version)
    described = state.described
    course = described if isinstance(described, Course) else None
    return OfferingView(
        **_item(row).model_dump(),
        description=described.description,
        activities=course.activities if course else (),
        minimum_minutes=minutes,
        access_days=course.access_days if course else None,
        certificate=described.certificate,
        badge=described.badge,
        price=described.price,
        versions=[VersionView(number=n, **vars(v)) for n, v in sorted(state.versions.items())],
        notifications=sorted(state.notifications),
        keep_begun=state.keep_begun,
        in_order=course.in_order if course else False,
        admission=AdmissionView(**vars(state.admission)),
        completion=CompletionView(**vars(state.completion)),
    )


@router.post("/offerings", status_code=201)
def create_offering(
    caller: SignedIn, context: Commanded, using: Using, response: Response, body: OfferingIn
) -> Receipt:
    """A new course or certification (CAT-1, CAT-2). A certification can be assigned once a version is published."""
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
    caller: SignedIn, context: Commanded, using: Using, offering_id: UUID, expected: Expected, body: Switches
) -> Receipt:
    """Which e-mails about this offering are sent (CAT-17)."""
    caller.everywhere(Permission.EDIT_CATALOGUE)
    return using.catalog.switch(context, offering_id, body.on, expected)


@router.put("/offerings/{offering_id}/drop-outs")
def decide_drop_outs(
    caller: SignedIn, context: Commanded, using: Using, offering_id: UUID, expected: Expected, body: DropOuts
) -> Receipt:
    """What becomes of begun training when its learner drops out of the last source (ASG-10); kept unless said otherwise."""
    caller.everywhere(Permission.EDIT_CATALOGUE)
    return using.catalog.decide_drop_outs(context, offering_id, keep_begun=body.keep_begun, expected=expected)


@router.put("/offerings/{offering_id}/admission")
def admit(
    caller: SignedIn, context: Commanded, using: Using, offering_id: UUID, expected: Expected, body: AdmissionView
) -> Receipt:
    """How and when learners come by themselves (CAT-5, CAT-19). Administrators may assign at any time."""
    caller.everywhere(Permission.EDIT_CATALOGUE)
    return using.catalog.admit(context, offering_id, Admission(**body.model_dump()), expected)


@router.put("/offerings/{offering_id}/completion")
def decide_completion(
    caller: SignedIn, context: Commanded, using: Using, offering_id: UUID, expected: Expected, body: CompletionView
) -> Receipt:
    """What a completion asks for (CAT-12, ENR-8)."""
    caller.everywhere(Permission.EDIT_CATALOGUE)
    return using.catalog.decide_completion(context, offering_id, Completion(**body.model_dump()), expected)


@router.put("/offerings/{offering_id}/versions/{number}")
def draft_version(
    caller: SignedIn, context: Commanded, using: Using, offering_id: UUID, number: int, expected: Expected, body: Steps
) -> Receipt:
    """Write the next version, or rewrite a draft (CAT-2)."""
    caller.everywhere(Permission.EDIT_CATALOGUE)
    return using.catalog.draft(context, offering_id, number, body.steps, expected, in_order=body.in_order)


@router.post("/offerings/{offering_id}/versions/{number}/publish")
def publish_version(
    caller: SignedIn, context: Commanded, using: Using, offering_id: UUID, number: int, expected: Expected
) -> Receipt:
    """Learners who come from now on follow this version; past completions keep theirs (CAT-15)."""
    caller.everywhere(Permission.EDIT_CATALOGUE)
    return using.catalog.publish(context, offering_id, number, expected)


@router.post("/offerings/{offering_id}/versions/{number}/retire")
def retire_version(
    caller: SignedIn, context: Commanded, using: Using, offering_id: UUID, number: int, expected: Expected
) -> Receipt:
    caller.everywhere(Permission.EDIT_CATALOGUE)
    return using.catalog.retire(context, offering_id, number, expected)


_LATER = frozenset({"job_roles", "groups", "triggers"})
"""What CAT-16 promises beside offerings."""


async def _body(request: Request) -> bytes:
    return await request.body()


@router.post("/apply")
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
        return File.model_validate(yaml.safe_load(body.decode()))
    except UnicodeDecodeError as error:
        raise Invalid(
            f"The file is not UTF-8: byte {error.start} does not fit. Save it as UTF-8.", field="file"
        ) from error
    except yaml.YAMLError as error:
        raise Invalid(f"The file is not YAML: {str(error).splitlines()[0]}.", field="file") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        later = " This kind of thing cannot be applied yet." if where in _LATER else ""
        raise Invalid(f"{where}: {first['msg']}.{later}", field=where) from error
