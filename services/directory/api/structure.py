"""Routes on frameworks, organisations, positions and fixed audiences."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from services.directory.api.dependencies import AudiencesDep, DatabaseDep, ProfilesDep, StructureDep
from services.directory.application.audiences import AudienceRuleIn, NewAudience
from services.directory.application.profiles import ProfileRequest
from services.directory.application.structure import NewFramework, NewUnit
from services.directory.projections import person_lists, profiles, rules, structure
from services.directory.projections.person_lists import PersonFilter, PersonItem
from services.directory.projections.profiles import ProfileView
from services.directory.projections.structure import AudienceView, FrameworkView, UnitView
from shared.auth import CurrentCaller, Permission
from shared.contracts.directory import UnitKind
from shared.errors import NotFound
from shared.http import CommandContextDep, Cursor, IfMatch, PageSize, etag
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
def frameworks(database: DatabaseDep, caller: CurrentCaller, kind: UnitKind | None = None) -> list[FrameworkView]:
    caller.scope(READ)
    with database.connection() as conn:
        return structure.frameworks(conn, kind)


@router.post("/frameworks", status_code=201)
def create_framework(
    units: StructureDep, caller: CurrentCaller, context: CommandContextDep, new: NewFramework
) -> Receipt:
    caller.everywhere(MANAGE)
    return units.create_framework(context, new)


@router.get("/units")
def units(
    database: DatabaseDep,
    caller: CurrentCaller,
    limit: PageSize,
    kind: UnitKind | None = None,
    framework_id: UUID | None = None,
    parent_id: UUID | None = None,
    top: bool = False,
    name: Sought | None = None,
    ids: Annotated[list[UUID] | None, Query(max_length=100)] = None,
    count: bool = False,
    cursor: Cursor = None,
) -> Page[UnitView]:
    """List organisations within the caller's scope, and positions; `top` gives the roots of a framework, or the topmost ones within
    the scope, `ids` these units (at most 100). Without `framework_id` a name is sought in all frameworks. `count` tells how many
    people they have."""
    scope = caller.scope(READ)
    with database.connection() as conn:
        return structure.units(
            conn,
            scope,
            ids=ids,
            kind=kind,
            framework=framework_id,
            parent=parent_id,
            top=top,
            name=name,
            cursor=cursor,
            limit=limit,
            count=count,
        )


@router.post("/units", status_code=201)
def create_unit(units: StructureDep, caller: CurrentCaller, context: CommandContextDep, new: NewUnit) -> Receipt:
    return units.create_unit(context, caller.scope(MANAGE), new)


@router.get("/units/{unit_id}")
def unit(database: DatabaseDep, caller: CurrentCaller, unit_id: UUID, response: Response) -> UnitView:
    scope = caller.scope(READ)
    with database.connection() as conn:
        found = structure.unit(conn, scope, unit_id)
    if found is None:
        raise NotFound("There is no such unit, or none that you may see.", field="unit_id")
    response.headers["ETag"] = etag(found.version)
    return found


@router.patch("/units/{unit_id}")
def rename(
    units: StructureDep,
    caller: CurrentCaller,
    context: CommandContextDep,
    unit_id: UUID,
    rename: Rename,
    expected: IfMatch,
) -> Receipt:
    return units.rename(context, caller.scope(MANAGE), unit_id, rename.name, expected)


@router.post("/units/{unit_id}/move")
def move(
    units: StructureDep,
    caller: CurrentCaller,
    context: CommandContextDep,
    unit_id: UUID,
    move: MoveUnit,
    expected: IfMatch,
) -> Receipt:
    return units.move(context, caller.scope(MANAGE), unit_id, move.parent_id, expected)


@router.get("/units/{unit_id}/profile")
def profile(database: DatabaseDep, caller: CurrentCaller, unit_id: UUID, response: Response) -> ProfileView:
    """Show what an organisation sets, what applies there, and which organisation each value comes from."""
    scope = caller.scope(READ)
    with database.connection() as conn:
        found = structure.unit(conn, scope, unit_id)
        if found is None or found.kind != "organisation":
            raise NotFound("There is no such organisation, or none that you may see.", field="unit_id")
        response.headers["ETag"] = etag(found.version)
        return profiles.profile(conn, unit_id, found.version)


@router.put("/units/{unit_id}/profile")
def set_profile(
    profile_commands: ProfilesDep,
    caller: CurrentCaller,
    context: CommandContextDep,
    unit_id: UUID,
    profile: ProfileRequest,
    expected: IfMatch,
) -> Receipt:
    return profile_commands.set(context, caller.scope(MANAGE), unit_id, profile, expected)


@router.delete("/units/{unit_id}")
def remove(
    units: StructureDep, caller: CurrentCaller, context: CommandContextDep, unit_id: UUID, expected: IfMatch
) -> Receipt:
    return units.remove(context, caller.scope(MANAGE), unit_id, expected)


@router.get("/audiences")
def audiences(
    database: DatabaseDep,
    caller: CurrentCaller,
    limit: PageSize,
    name: Sought | None = None,
    ids: Annotated[list[UUID] | None, Query(max_length=200)] = None,
    cursor: Cursor = None,
) -> Page[AudienceView]:
    """List audiences by name; `name` matches part of it, `ids` gives these alone (at most 200)."""
    caller.scope(READ)
    with database.connection() as conn:
        return structure.audiences(conn, name, ids, cursor, limit)


@router.post("/audiences", status_code=201)
def create_audience(
    audience_commands: AudiencesDep, caller: CurrentCaller, context: CommandContextDep, new: NewAudience
) -> Receipt:
    caller.everywhere(MANAGE)
    return audience_commands.create(context, new)


@router.post("/audiences/rule-preview")
def preview_rule(database: DatabaseDep, caller: CurrentCaller, rule: AudienceRuleIn) -> RulePreview:
    """Count the people who match now."""
    caller.everywhere(READ)
    with database.connection() as conn:
        return RulePreview(people=rules.count(conn, rule))


@router.put("/audiences/{audience_id}/rule")
def rule(
    audience_commands: AudiencesDep,
    caller: CurrentCaller,
    context: CommandContextDep,
    audience_id: UUID,
    rule: AudienceRuleIn,
    expected: IfMatch,
) -> Receipt:
    """Set the rule of an audience. A job updates its members."""
    caller.everywhere(MANAGE)
    return audience_commands.rule(context, audience_id, rule, expected)


@router.get("/audiences/{audience_id}")
def audience(database: DatabaseDep, caller: CurrentCaller, audience_id: UUID, response: Response) -> AudienceView:
    caller.scope(READ)
    with database.connection() as conn:
        found = structure.audience(conn, audience_id)
    if found is None:
        raise NotFound("There is no such audience.", field="audience_id")
    response.headers["ETag"] = etag(found.version)
    return found


@router.delete("/audiences/{audience_id}")
def remove_audience(
    audience_commands: AudiencesDep,
    caller: CurrentCaller,
    context: CommandContextDep,
    audience_id: UUID,
    expected: IfMatch,
) -> Receipt:
    """Remove an audience; its members leave it. Rejected while it has assignments: remove these first, with a preview (ASG-10)."""
    caller.everywhere(MANAGE)
    return audience_commands.remove(context, audience_id, expected)


@router.get("/audiences/{audience_id}/members")
def members(
    database: DatabaseDep, caller: CurrentCaller, audience_id: UUID, limit: PageSize, cursor: Cursor = None
) -> Page[PersonItem]:
    """List the members within the caller's scope."""
    scope = caller.scope(READ)
    with database.connection() as conn:
        return person_lists.search(conn, scope, PersonFilter(audience=audience_id), cursor, limit)


@router.post("/audiences/{audience_id}/members")
def change_members(
    audience_commands: AudiencesDep,
    caller: CurrentCaller,
    context: CommandContextDep,
    audience_id: UUID,
    members: Members,
) -> Receipt:
    caller.everywhere(MANAGE)
    return audience_commands.change_members(context, caller.scope(MANAGE), audience_id, members.add, members.remove)
