"""Routes of switches: what is off for the whole system and for organisations (NTF-2), and which offerings differ (CAT-17)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.notifier.application import Notifier
from services.notifier.projections import switches
from services.notifier.projections.switches import OfferingSwitches
from shared.auth import Caller, CurrentCaller, Permission
from shared.contracts.notifications import COPIED, OCCASIONS, CopiedOccasion, Occasion
from shared.database import Connection
from shared.errors import NotFound
from shared.http import CommandContextDep, Cursor, IfMatch, PageSize, etag
from shared.readmodel import Page, cursor_decode, page_of
from shared.store import Receipt

Organisation = Annotated[UUID | None, Query(description="Without one: the whole system")]


class SwitchesIn(BaseModel):
    """Which e-mails are off here and for everybody below, and which ones managers get a copy of, whatever an offering says."""

    model_config = ConfigDict(extra="forbid")

    off: frozenset[Occasion] = Field(max_length=50)
    copied: frozenset[CopiedOccasion] = Field(default=frozenset(), max_length=50)


class SwitchesView(BaseModel):
    """`off_above`, `copied_above`: what holds from further up. `occasions` and `copyable`: what there is. `revision`: the ETag."""

    organisation_id: UUID | None
    off: list[str]
    copied: list[str]
    off_above: list[str]
    copied_above: list[str]
    occasions: list[str]
    copyable: list[str]
    revision: int


def check_organisation(conn: Connection, caller: Caller, permission: Permission, organisation: UUID | None) -> None:
    """Raises Forbidden for the whole system where the permission is for some organisations only, NotFound outside of them."""
    if organisation is None:
        caller.everywhere(permission)
    elif not switches.within(conn, caller.scope(permission), organisation):
        raise NotFound("There is no such organisation, or it is outside yours.", field="organisation_id")


def switch_routes(application: Notifier) -> APIRouter:
    router = APIRouter(prefix="/api/notifier/switches", tags=["switches"])
    database = application.database

    @router.get("")
    def read_switches(caller: CurrentCaller, response: Response, organisation_id: Organisation = None) -> SwitchesView:
        """Show which e-mails are off, for an organisation or the whole system. Send its ETag as If-Match."""
        with database.connection() as conn:
            check_organisation(conn, caller, Permission.READ_MAIL, organisation_id)
            here, above = switches.of(conn, organisation_id), switches.above(conn, organisation_id)
        response.headers["ETag"] = etag(here.revision)
        return SwitchesView(
            organisation_id=organisation_id,
            off=here.off,
            copied=here.copied,
            off_above=above.off,
            copied_above=above.copied,
            occasions=list(OCCASIONS),
            copyable=list(COPIED),
            revision=here.revision,
        )

    @router.put("")
    def set_switches(
        caller: CurrentCaller,
        context: CommandContextDep,
        expected: IfMatch,
        body: SwitchesIn,
        organisation_id: Organisation = None,
    ) -> Receipt:
        """Choose which e-mails are off for an organisation and everything below it, or for the whole system."""
        with database.connection() as conn:
            check_organisation(conn, caller, Permission.MANAGE_MAIL, organisation_id)
        return application.set_switches(context, organisation_id, body.off, body.copied, expected)

    @router.get("/offerings")
    def list_offerings(caller: CurrentCaller, size: PageSize, cursor: Cursor = None) -> Page[OfferingSwitches]:
        """List the offerings that have e-mails off, copied, or days of reminding of their own (CAT-17)."""
        caller.scope(Permission.READ_MAIL)
        after = cursor_decode(cursor, UUID)[0] if cursor else None
        with database.connection() as conn:
            found = switches.offerings_that_differ(conn, after, size + 1)
        return page_of(found, size, lambda one: [str(one.offering_id)])

    return router
