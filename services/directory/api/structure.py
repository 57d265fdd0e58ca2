"""Routes on frameworks, organisations, positions and fixed audiences."""

from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from services.directory.api.parts import Using
from services.directory.application.audiences import AudienceRuleIn, NewAudience
from services.directory.application.profiles import ProfileRequest
from services.directory.application.structure import NewFramework, NewUnit
from services.directory.projections import people, profiles, rules, structure
from services.directory.projections.people import PersonFilter, PersonItem
from services.directory.projections.profiles import ProfileView
from services.directory.projections.structure import AudienceView, FrameworkView, UnitView
from shared.auth import Permission, SignedIn
from shared.contracts.directory import UnitKind
from shared.errors import NotFound
from shared.http import Commanded, Cursor, Expected, PageSize, etag
from shared.limits import Name, Sought
from shared.readmodel import Page
from shared.store import Receipt

router = APIRouter(prefix="/api/directory", tags=["structure"])

MANAGE, READ = Permission.MANAGE_DIRECTORY, Permission.READ_DIRECTORY


class Rename(BaseModel):
    name: Name


class MoveUnit(BaseModel):
    """parent_id null: to the top of the framework."""

    parent_id: UUID | None


class Members(BaseModel):
    """People who join and people who leave a fixed audience."""

    add: list[UUID] = Field(default_factory=list, max_length=10_000)
    remove: list[UUID] = Field(default_factory=list, max_length=10_000)


class RulePreview(BaseModel):
    people: int


@router.get("/frameworks")
def frameworks(use: Using, caller: SignedIn, kind: UnitKind | None = None) -> list[FrameworkView]:
    caller.scope(READ)
    with use.database.connection() as conn:
        return structure.frameworks(conn, kind)


@router.post("/frameworks", status_code=201)
def create_framework(use: Using, caller: SignedIn, context: Commanded, new: NewFramework) -> Receipt:
    caller.everywhere(MANAGE)
    return use.structure.create_framework(context, new)


@router.get("/units")
def units(
    use: Using,
    caller: SignedIn,
    limit: PageSize,
    kind: UnitKind | None = None,
    framework_id: UUID | None = None,
    parent_id: UUID | None = None,
    top: bool = False,
    name: Sought | None = None,
    cursor: Cursor = None,
) -> Page[UnitView]:
    """Organisations of the caller's scope, and positions; `top` for the roots of a framework."""
    scope = caller.scope(READ)
    with use.database.connection() as conn:
        return structure.units(
            conn,
            scope,
            kind=kind,
            framework=framework_id,
            parent=parent_id,
            top=top,
            name=name,
            cursor=cursor,
            limit=limit,
        )


@router.post("/units", status_code=201)
def create_unit(use: Using, caller: SignedIn, context: Commanded, new: NewUnit) -> Receipt:
    return use.structure.create_unit(context, caller.scope(MANAGE), new)


@router.get("/units/{unit_id}")
def unit(use: Using, caller: SignedIn, unit_id: UUID, response: Response) -> UnitView:
    scope = caller.scope(READ)
    with use.database.connection() as conn:
        found = structure.unit(conn, scope, unit_id)
    if found is None:
        raise NotFound("There is no such unit, or none that you may see.", field="unit_id")
    response.headers["ETag"] = etag(found.version)
    return found


@router.patch("/units/{unit_id}")
def rename(
    use: Using, caller: SignedIn, context: Commanded, unit_id: UUID, rename: Rename, expected: Expected
) -> Receipt:
    return use.structure.rename(context, caller.scope(MANAGE), unit_id, rename.name, expected)


@router.post("/units/{unit_id}/move")
def move(
    use: Using, caller: SignedIn, context: Commanded, unit_id: UUID, move: MoveUnit, expected: Expected
) -> Receipt:
    return use.structure.move(context, caller.scope(MANAGE), unit_id, move.parent_id, expected)


@router.get("/units/{unit_id}/profile")
def profile(use: Using, caller: SignedIn, unit_id: UUID, response: Response) -> ProfileView:
    """What an organisation sets, what holds there, and which organisation each value comes from."""
    scope = caller.scope(READ)
    with use.database.connection() as conn:
        found = structure.unit(conn, scope, unit_id)
        if found is None or found.kind != "organisation":
            raise NotFound("There is no such organisation, or none that you may see.", field="unit_id")
        response.headers["ETag"] = etag(found.version)
        return profiles.profile(conn, unit_id, found.version)


@router.put("/units/{unit_id}/profile")
def set_profile(
    use: Using, caller: SignedIn, context: Commanded, unit_id: UUID, profile: ProfileRequest, expected: Expected
) -> Receipt:
    return use.profiles.set(context, caller.scope(MANAGE), unit_id, profile, expected)


@router.delete("/units/{unit_id}")
def remove(use: Using, caller: SignedIn, context: Commanded, unit_id: UUID, expected: Expected) -> Receipt:
    return use.structure.remove(context, caller.scope(MANAGE), unit_id, expected)


@router.get("/audiences")
def audiences(
    use: Using, caller: SignedIn, limit: PageSize, name: Sought | None = None, cursor: Cursor = None
) -> Page[AudienceView]:
    caller.scope(READ)
    with use.database.connection() as conn:
        return structure.audiences(conn, name, cursor, limit)


@router.post("/audiences", status_code=201)
def create_audience(use: Using, caller: SignedIn, context: Commanded, new: NewAudience) -> Receipt:
    caller.everywhere(MANAGE)
    return use.audiences.create(context, new)


@router.post("/audiences/rule-preview")
def preview_rule(use: Using, caller: SignedIn, rule: AudienceRuleIn) -> RulePreview:
    """How many people match now."""
    caller.everywhere(READ)
    with use.database.connection() as conn:
        return RulePreview(people=rules.count(conn, rule))


@router.put("/audiences/{audience_id}/rule")
def rule(
    use: Using, caller: SignedIn, context: Commanded, audience_id: UUID, rule: AudienceRuleIn, expected: Expected
) -> Receipt:
    """The members follow in a job."""
    caller.everywhere(MANAGE)
    return use.audiences.rule(context, audience_id, rule, expected)


@router.get("/audiences/{audience_id}")
def audience(use: Using, caller: SignedIn, audience_id: UUID, response: Response) -> AudienceView:
    caller.scope(READ)
    with use.database.connection() as conn:
        found = structure.audience(conn, audience_id)
    if found is None:
        raise NotFound("There is no such audience.", field="audience_id")
    response.headers["ETag"] = etag(found.version)
    return found


@router.delete("/audiences/{audience_id}")
def remove_audience(use: Using, caller: SignedIn, context: Commanded, audience_id: UUID, expected: Expected) -> Receipt:
    """Its members leave it. Refused while it has assignments: these are removed first, with a preview (ASG-10)."""
    caller.everywhere(MANAGE)
    return use.audiences.remove(context, audience_id, expected)


@router.get("/audiences/{audience_id}/members")
def members(
    use: Using, caller: SignedIn, audience_id: UUID, limit: PageSize, cursor: Cursor = None
) -> Page[PersonItem]:
    """The members within the caller's scope."""
    scope = caller.scope(READ)
    with use.database.connection() as conn:
        return people.search(conn, scope, PersonFilter(audience=audience_id), cursor, limit)


@router.post("/audiences/{audience_id}/members")
def change_members(use: Using, caller: SignedIn, context: Commanded, audience_id: UUID, members: Members) -> Receipt:
    caller.everywhere(MANAGE)
    return use.audiences.change_members(context, caller.scope(MANAGE), audience_id, members.add, members.remove)
