"""The command on an organisation's profile (DIR-7)."""

from dataclasses import replace
from uuid import UUID

from pydantic import BaseModel

from services.directory.application.identity import check_email, check_zone
from services.directory.application.ledger import Directory
from services.directory.application.rows import unit_row
from services.directory.domain import structure
from services.directory.projections import profiles
from services.directory.projections.profiles import Contact
from services.directory.projections.tables import ORGANISATION_PROFILE, OrganisationProfileRow
from shared.auth import Scope
from shared.errors import Invalid
from shared.http import check_version
from shared.limits import Days, Zone
from shared.store import CommandContext, Decision, Receipt, Row, command
from shared.texts import Texts


class ProfileRequest(BaseModel):
    """The profile as the caller wants it, whole; what is null or not sent is as in the organisation above."""

    access_days: Days | None = None
    anonymous_registration: bool | None = None
    key_field: bool | None = None
    time_zone: Zone | None = None
    contact: Contact | None = None
    """Whom its people ask, with an e-mail or a telephone number, or a text that says how."""
    record_assignment_types: bool | None = None
    """The record of learning of its people tells the types of assignments (LRN-5)."""
    record_assignment_names: bool | None = None
    """And their names."""


class Profiles:
    """Profiles of organisations."""

    def __init__(self, ledger: Directory) -> None:
        self._ledger = ledger

    @command
    def set(
        self, context: CommandContext, scope: Scope, id: UUID, asked: ProfileRequest, expected: int | None
    ) -> Receipt:
        """Raises Stale when `expected` is not the organisation's version."""
        with self._ledger.database.connection() as conn:
            unit = self._ledger.unit(conn, scope, id)
            before = profiles.own(conn, id)
        check_version(expected, unit.version)
        check_zone(asked.time_zone)
        _check_contact(asked.contact)
        texts = Texts()
        contact = texts.ref(id, asked.contact.model_dump_json()) if asked.contact else None
        same = asked.model_dump() == (before or profiles.Settings()).model_dump()
        settings = asked.model_dump(exclude={"contact"})
        events = structure.profile(unit, {**settings, "contact": contact}, same=same)
        if same:
            texts.clear()
        now = replace(unit, version=unit.version + len(events))
        row = Row(ORGANISATION_PROFILE, OrganisationProfileRow(id, **settings, contact=contact.id if contact else None))
        decision = Decision(
            events,
            context.meta(),
            inserted=(row,) if events and before is None else (),
            updated=(unit_row(now), *((row,) if before is not None else ())) if events else (),
        )
        return self._ledger.record(context, decision, {"unit_id": str(id)}, also=texts.keep)


def _check_contact(contact: Contact | None) -> None:
    """Raises Invalid for one that tells nobody how to ask."""
    if contact is None:
        return
    if contact.email is not None:
        check_email(contact.email, "contact.email")
    if not (contact.email or contact.telephone or contact.text):
        raise Invalid(
            "A contact needs an e-mail, a telephone number or a text. Send null for the one of the organisation above.",
            field="contact",
        )
