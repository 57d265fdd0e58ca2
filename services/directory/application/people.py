"""Commands on people: register, edit, move, deactivate, reactivate, permission roles."""

from collections.abc import Callable, Sequence
from typing import Annotated
from uuid import UUID, uuid5

from pydantic import BaseModel, Field

from services.directory.application.keys import checked_key
from services.directory.application.ledger import Directory
from services.directory.application.rows import person_row
from services.directory.domain import people
from services.directory.domain.people import Held, Person
from services.directory.projections import people as queries
from services.directory.projections.tables import ProfileRow, role_row
from shared.addresses import NotAnAddress, read_address
from shared.auth import ROLES, Scope
from shared.contracts.directory import Deactivation, PersonRegistered
from shared.database import Connection
from shared.errors import Conflict, Invalid
from shared.events import Event
from shared.http import check_version
from shared.limits import Country, Day, Email, FieldName, Language, LongKey, PersonName, Text, Zone
from shared.store import Context, Decision, Receipt, Revision, Row

PEOPLE = UUID("6a7e4f57-7c40-4f0e-9d3b-0a44f9fd3a51")
"""The name space of the ids of people whom a command registers."""


UserName = Annotated[str, Text(254, 1)]


class NewPerson(BaseModel):
    """Somebody to be known (DIR-1). The user name is the e-mail unless given."""

    first_name: PersonName
    last_name: PersonName
    email: Email
    user_name: UserName | None = None
    external_id: LongKey | None = None
    country: Country | None = None
    home_organisation: UUID | None = None
    language: Language | None = None
    time_zone: Zone | None = None
    dates: dict[FieldName, Day] = Field(default_factory=dict, max_length=100)


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


class People:
    """One person at a time."""

    def __init__(self, ledger: Directory) -> None:
        self._ledger = ledger

    def register(self, context: Context, scope: Scope, new: NewPerson) -> Receipt:
        if earlier := self._ledger.earlier(context):
            return earlier
        id = uuid5(PEOPLE, f"{context.actor}/{context.command_id}")
        profile = ProfileRow(
            id,
            1,
            new.first_name.strip(),
            new.last_name.strip(),
            new.email,
            new.user_name or new.email,
            new.external_id,
            new.language,
            new.time_zone,
        )
        profile = _with_keys(profile)
        with self._ledger.database.connection() as conn:
            self._ledger.check_home(conn, scope, new.home_organisation)
            _check_email(profile.email)
            _check_unique(conn, profile)
        event = PersonRegistered(
            originator_id=id,
            originator_version=1,
            home_organisation=new.home_organisation,
            country=new.country,
            dates=new.dates,
        )
        rows = (person_row(people.evolve(None, event)), profile.row())
        return self._ledger.record(
            context,
            Decision((event,), context.meta(), new=rows),
            {"person_id": str(id)},
            also=_still_there(new.home_organisation),
        )

    def edit(self, context: Context, scope: Scope, id: UUID, edit: PersonEdit, expected: int | None) -> Receipt:
        """Raises Stale when `expected` is not the person's version."""
        if earlier := self._ledger.earlier(context):
            return earlier
        with self._ledger.database.connection() as conn:
            person, profile = self._ledger.account(conn, scope, id, context.actor)
            check_version(expected, person.version + profile.revision)
            sent = edit.model_dump(exclude_unset=True)
            now = _with_keys(profile, **{k: v for k, v in sent.items() if k in ProfileRow._fields})
            if now.email != profile.email:
                _check_email(now.email)
            _check_unique(conn, now)
        country = edit.country if "country" in sent else person.country
        events = people.describe(person, country, edit.dates if "dates" in sent else person.dates)
        changed: tuple[Row, ...] = ()
        relied_on: tuple[Revision, ...] = (Revision("person", id, person.version),)
        if now != profile:
            changed = (now._replace(revision=profile.revision + 1).row(),)
            relied_on += (Revision("profile", id, profile.revision),)
        return self._record(context, person, events, changed=changed, relied_on=relied_on)

    def move(self, context: Context, scope: Scope, id: UUID, home: UUID | None, expected: int | None) -> Receipt:
        """Both the old and the new home are within the scope."""

        def decide(conn: Connection, person: Person) -> tuple[Event, ...]:
            self._ledger.check_home(conn, scope, home, "organisation_id")
            return people.move(person, home)

        return self._change(context, scope, id, expected, decide, also=_still_there(home))

    def deactivate(self, context: Context, scope: Scope, id: UUID, why: Deactivation, expected: int | None) -> Receipt:
        """The last site administrator stays."""

        def guard(conn: Connection) -> None:
            if _is_site_administrator(conn, id):
                _check_administrator_left(conn)

        return self._change(context, scope, id, expected, lambda _, p: people.deactivate(p, why), also=guard)

    def reactivate(self, context: Context, scope: Scope, id: UUID, expected: int | None) -> Receipt:
        return self._change(context, scope, id, expected, lambda _, p: people.reactivate(p))

    def check_account(self, scope: Scope, id: UUID, actor: UUID) -> None:
        """Raises NotFound, and Forbidden for somebody whose permission roles reach beyond the scope."""
        with self._ledger.database.connection() as conn:
            self._ledger.account(conn, scope, id, actor)

    def grant(self, context: Context, scope: Scope, id: UUID, held: Held) -> Receipt:
        """A permission role for an organisation and below (SEC-2); nobody gives more than the own scope."""
        if earlier := self._ledger.earlier(context):
            return earlier
        _check_role(held[0])
        with self._ledger.database.connection() as conn:
            person, _ = self._ledger.person(conn, scope, id)
            self._ledger.check_home(conn, scope, held[1], "organisation")
        events = people.grant(person, held)
        return self._record(context, person, events, new=(role_row(id, *held),), also=_still_there(held[1]))

    def revoke(self, context: Context, scope: Scope, id: UUID, held: Held) -> Receipt:
        """The last site administrator keeps the role."""
        if earlier := self._ledger.earlier(context):
            return earlier
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

    def _change(
        self,
        context: Context,
        scope: Scope,
        id: UUID,
        expected: int | None,
        decide: Callable[[Connection, Person], tuple[Event, ...]],
        also: Callable[[Connection], None] | None = None,
    ) -> Receipt:
        if earlier := self._ledger.earlier(context):
            return earlier
        with self._ledger.database.connection() as conn:
            person, profile = self._ledger.account(conn, scope, id, context.actor)
            check_version(expected, person.version + profile.revision)
            events = decide(conn, person)
        return self._record(context, person, events, also=also)

    def _record(
        self,
        context: Context,
        person: Person,
        events: tuple[Event, ...],
        *,
        new: tuple[Row, ...] = (),
        changed: tuple[Row, ...] = (),
        gone: tuple[Row, ...] = (),
        relied_on: tuple[Revision, ...] = (),
        also: Callable[[Connection], None] | None = None,
    ) -> Receipt:
        now = person
        for event in events:
            now = people.evolve(now, event)
        if events:
            changed += (person_row(now),)
        decision = Decision(events, context.meta(), new=new, changed=changed, gone=gone, relied_on=relied_on)
        return self._ledger.record(context, decision, {"person_id": str(person.id)}, also=also)


def _with_keys(profile: ProfileRow, **sent: str | None) -> ProfileRow:
    """With what was sent; keys that were sent, or all where nothing was, as they are kept."""
    now = profile._replace(**sent)  # type: ignore[arg-type]
    given = {name: getattr(now, name) for name in ("email", "user_name", "external_id") if not sent or name in sent}
    kept = {name: checked_key(value, name) for name, value in given.items() if value is not None}
    return now._replace(**kept)  # type: ignore[arg-type]


def _check_unique(conn: Connection, profile: ProfileRow) -> None:
    names = {"email": "e-mail", "user_name": "user name", "external_id": "external id"}
    for field in queries.taken(conn, profile):
        raise Conflict(
            f"Somebody else has this {names[field]} already (letter case does not count). Use another one, or edit that person.",
            field=field,
            kind="taken",
        )


def _check_email(typed: str) -> None:
    """Raises Invalid."""
    try:
        domain = read_address(typed).domain
    except NotAnAddress as wrong:
        raise Invalid(f"This is not an e-mail address, as anna@example.org: {wrong}.", field="email") from wrong
    if "." not in domain and domain != "localhost":
        raise Invalid("This is not an e-mail address, as anna@example.org: its domain has no dot.", field="email")


def _still_there(organisation: UUID | None) -> Callable[[Connection], None]:
    """Under the append lock: the organisation was not removed meanwhile."""

    def guard(conn: Connection) -> None:
        found = conn.execute("SELECT FROM unit WHERE id = %s", [organisation]).fetchone()
        if organisation and found is None:
            raise Conflict("This organisation was removed at this moment.", field="home_organisation")

    return guard


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
            "This is the last active site administrator. Make somebody else one first.",
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
