"""The command on an organisation's profile (DIR-7)."""

from dataclasses import replace
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import BaseModel

from services.directory.application.ledger import Directory
from services.directory.application.rows import unit_row
from services.directory.domain import structure
from services.directory.projections import profiles
from services.directory.projections.tables import ORGANISATION_PROFILE
from shared.auth import Scope
from shared.errors import Invalid
from shared.http import check_version
from shared.limits import Days, Zone
from shared.store import Context, Decision, Receipt, Row


class ProfileRequest(BaseModel):
    """The profile as the caller wants it, whole; what is null or not sent is as in the organisation above."""

    access_days: Days | None = None
    anonymous_registration: bool | None = None
    key_field: bool | None = None
    time_zone: Zone | None = None


class Profiles:
    """Profiles of organisations."""

    def __init__(self, ledger: Directory) -> None:
        self._ledger = ledger

    def set(self, context: Context, scope: Scope, id: UUID, asked: ProfileRequest, expected: int | None) -> Receipt:
        """Raises Stale when `expected` is not the organisation's version."""
        if earlier := self._ledger.earlier(context):
            return earlier
        with self._ledger.database.connection() as conn:
            unit = self._ledger.unit(conn, scope, id)
            before = profiles.own(conn, id)
        check_version(expected, unit.version)
        if asked.time_zone is not None and asked.time_zone not in available_timezones():
            raise Invalid("There is no such time zone. Name it as the IANA does: Europe/Zurich.", field="time_zone")
        wanted = profiles.Settings(**asked.model_dump())
        events = structure.profile(unit, wanted.model_dump(), (before or profiles.Settings()).model_dump())
        now = replace(unit, version=unit.version + len(events))
        row = Row(ORGANISATION_PROFILE, (id, *(getattr(wanted, name) for name in profiles.SETTINGS)))
        decision = Decision(
            events,
            context.meta(),
            new=(row,) if events and before is None else (),
            changed=(unit_row(now), *((row,) if before is not None else ())) if events else (),
        )
        return self._ledger.record(context, decision, {"unit_id": str(id)})
