"""Commands on people who are registered: edit, move, deactivate, reactivate, permission roles."""

from collections.abc import Callable, Sequence
from uuid import UUID

from pydantic import BaseModel, Field

from services.directory.application.identity import (
    UserName,
    check_email,
    check_unique,
    check_zone,
    still_there,
    with_keys,
)
from services.directory.application.ledger import Directory
from services.directory.application.rows import person_row
from services.directory.domain import people
from services.directory.domain.people import Held, Person
from services.directory.projections import people as queries
from services.directory.projections.tables import ProfileRow, role_row
from shared.auth import ROLES, Scope
from shared.contracts.directory import Deactivation
from shared.database import Connection
from shared.errors import Conflict, Invalid
from shared.events import Event
from shared.http import check_version
from shared.limits import Country, Day, Email, FieldName, Language, LanguageTag, LongKey, PersonName, Zone
from shared.store import CommandContext, Decision, Receipt, Revision, Row, command


class PersonEdit(BaseModel):
    """What to change; what is not sent stays."""

    first_name: PersonName = ""
    last_name: PersonName = ""
    email: Email = ""
    user_name: UserName = ""
    external_id: LongKey | None = None
    country: Country | None = None
    language: Language | None = None
    time_zone: Zone | None = None
    dates: dict[FieldName, Day] = Field(default_factory=dict, max_length=100)


class OwnEdit(BaseModel):
    """What people change of themselves; what is not sent stays, null is as the reader's browser and the organisation say."""

    language: LanguageTag | None = None
    """As BCP 47 writes it: `en`, `de-CH`. E-mails and pages are in English where there are no texts in it."""
    time_zone: Zone | None = None


class People:
    """One person at a time."""

    def __init__(self, ledger: Directory) -> None:
        self._ledger = ledger

    @command
    def edit(self, context: CommandContext, scope: Scope, id: UUID, edit: PersonEdit, expected: int | None) -> Receipt:
        """Raises Stale when `expected` is not the person's version."""
        with self._ledger.database.connection() as conn:
            person, profile = self._ledger.account(conn, scope, id, context.actor)
            check_version(expected, person.version + profile.revision)
            sent = edit.model_dump(exclude_unset=True)
            now = with_keys(profile, **{k: v for k, v in sent.items() if k in ProfileRow._fields})
            if now.email != profile.email:
                check_email(now.email)
            if now.time_zone != profile.time_zone:
                check_zone(now.time_zone)
            check_unique(conn, now)
        country = edit.country if "country" in sent else person.country
        events = people.describe(person, country, edit.dates if "dates" in sent else person.dates)
        changed: tuple[Row, ...] = ()
        preconditions: tuple[Revision, ...] = (Revision("person", id, person.version),)
        if now != profile:
            changed = (now._replace(revision=profile.revision + 1).row(),)
            preconditions += (Revision("profile", id, profile.revision),)
        return self._record(context, person, events, changed=changed, preconditions=preconditions)

    def edit_own(self, context: CommandContext, edit: OwnEdit, expected: int | None) -> Receipt:
        """Of whoever sends it."""
        sent = PersonEdit(**edit.model_dump(exclude_unset=True))
        return self.edit(context, Scope(everything=True), context.actor, sent, expected)

    def move(self, context: CommandContext, scope: Scope, id: UUID, home: UUID | None, expected: int | None) -> Receipt:
        """Both the old and the new home are within the scope."""

        def decide(conn: Connection, person: Person) -> tuple[Event, ...]:
            self._ledger.check_home(conn, scope, home, "organisation_id")
            return people.move(person, home)

        return self._change(context, scope, id, expected, decide, also=still_there(home))

    def deactivate(
        self, context: CommandContext, scope: Scope, id: UUID, why: Deactivation, expected: int | None
    ) -> Receipt:
        """The last site administrator stays."""

        def guard(conn: Connection) -> None:
            if _is_site_administrator(conn, id):
                _check_administrator_left(conn)

        return self._change(context, scope, id, expected, lambda _, p: people.deactivate(p, why), also=guard)

    def reactivate(self, context: CommandContext, scope: Scope, id: UUID, expected: int | None) -> Receipt:
        return self._change(context, scope, id, expected, lambda _, p: people.reactivate(p))

    def check_account(self, scope: Scope, id: UUID, actor: UUID) -> None:
        """Raises NotFound, and Forbidden for somebody whose permission roles reach beyond the scope."""
        with self._ledger.database.connection() as conn:
            self._ledger.account(conn, scope, id, actor)

    @command
    def grant(self, context: CommandContext, scope: Scope, id: UUID, held: Held) -> Receipt:
        """A permission role for an organisation and below (SEC-2); nobody gives more than the own scope."""
        _check_role(held[0])
        with self._ledger.database.connection() as conn:
            person, _ = self._ledger.person(conn, scope, id)
            self._ledger.check_home(conn, scope, held[1], "organisation")
        events = people.grant(person, held)
        return self._record(context, person, events, new=(role_row(id, *held),), also=still_there(held[1]))

    @command
    def revoke(self, context: CommandContext, scope: Scope, id: UUID, held: Held) -> Receipt:
        """The last site administrator keeps the role."""
        with self._ledger.database.connection() as conn:
            person, _ = self._ledger.person(conn, scope, id)
            self._ledger.check_home(conn, scope, held[1], "organisation")
        events = people.revoke(person, held)
        administrator = held == ("site-administrator", None)
        return self._record(
            context,
            person,
            events,
            gone=(role_row(id, *held),),
            also=_check_administrator_left if administrator else None,
        )

    @command
    def _change(
        self,
        context: CommandContext,
        scope: Scope,
        id: UUID,
        expected: int | None,
        decide: Callable[[Connection, Person], tuple[Event, ...]],
        also: Callable[[Connection], None] | None = None,
    ) -> Receipt:
        with self._ledger.database.connection() as conn:
            person, profile = self._ledger.account(conn, scope, id, context.actor)
            check_version(expected, person.version + profile.revision)
            events = decide(conn, person)
        return self._record(context, person, events, also=also)

    def _record(
        self,
        context: CommandContext,
        person: Person,
        events: tuple[Event, ...],
        *,
        new: tuple[Row, ...] = (),
        changed: tuple[Row, ...] = (),
        gone: tuple[Row, ...] = (),
        preconditions: tuple[Revision, ...] = (),
        also: Callable[[Connection], None] | None = None,
    ) -> Receipt:
        now = person
        for event in events:
            now = people.evolve(now, event)
        if events:
            changed += (person_row(now),)
        decision = Decision(
            events, context.meta(), inserted=new, updated=changed, deleted=gone, preconditions=preconditions
        )
        return self._ledger.record(context, decision, {"person_id": str(person.id)}, also=also)


def _is_site_administrator(conn: Connection, id: UUID) -> bool:
    query = "SELECT FROM permission_role WHERE person = %s AND role = 'site-administrator'"
    return conn.execute(query, [id]).fetchone() is not None


def _check_administrator_left(conn: Connection) -> None:
    left = conn.execute(
        "SELECT FROM permission_role r JOIN person p ON p.id = r.person AND p.active "
        "WHERE r.role = 'site-administrator' AND r.organisation = %s LIMIT 1",
        [UUID(int=0)],
    ).fetchone()
    if left is None:
        raise Conflict(
            "This is the last active site administrator. Make someone else a site administrator first.",
            kind="last-site-administrator",
        )


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise Invalid(f"The permission roles are: {', '.join(ROLES)}.", field="role")


def known_people(conn: Connection, scope: Scope, ids: Sequence[UUID], field: str) -> None:
    """Raises NotFound with those that are unknown or out of the scope."""
    missing = sorted(set(ids) - queries.visible(conn, scope, ids))
    if missing:
        raise NotFoundPeople(missing, field)


class NotFoundPeople(Invalid):
    """Some of the people that a command names cannot be seen."""

    status = 404
    kind = "unknown-person"
    title = "Not found"

    def __init__(self, missing: Sequence[UUID], field: str) -> None:
        detail = f"{len(missing)} of these people are unknown, or you may not see them. Nothing was changed."
        super().__init__(detail, field=field, people=list(missing[:100]))
