"""Commands that make somebody known: by an administrator, on the way to an assignment, and with a training key
(DIR-1, DIR-2, KEY-7)."""

from collections.abc import Callable
from uuid import UUID, uuid5

from pydantic import BaseModel, Field

from services.directory.application.identity import UserName, check_email, check_unique, still_there, with_keys
from services.directory.application.ledger import Directory
from services.directory.application.passwords import Passwords
from services.directory.application.rows import person_row
from services.directory.domain import people
from services.directory.projections import people as queries
from services.directory.projections import profiles
from services.directory.projections import structure as units
from services.directory.projections.tables import ProfileRow
from shared.auth import Scope
from shared.contracts.directory import PersonRegistered
from shared.database import Connection
from shared.errors import Conflict, Forbidden, Invalid, NotFound
from shared.limits import Country, Day, Email, FieldName, Key, Language, LongKey, PersonName, Secret, Zone
from shared.store import CommandContext, Decision, Receipt, Revision, command

PEOPLE = UUID("6a7e4f57-7c40-4f0e-9d3b-0a44f9fd3a51")
"""The name space of the ids of people whom a command registers."""

FORGOTTEN = "DELETE FROM registration WHERE registered_at < now() - {seconds} * interval '1 second'"
"""What cannot be undone any more needs no row."""

_UNDOABLE = (
    "SELECT FROM registration WHERE person = %s AND NOT undone AND registered_at > now() - %s * interval '1 second'"
)
_FORESTALL = "INSERT INTO registration (person, undone) VALUES (%s, true) ON CONFLICT DO NOTHING"


class NewPerson(BaseModel):
    """Somebody to be known (DIR-1). The user name is the e-mail unless given; with a password it is an account, too."""

    first_name: PersonName
    last_name: PersonName
    email: Email
    password: Secret | None = None
    user_name: UserName | None = None
    external_id: LongKey | None = None
    country: Country | None = None
    home_organisation: UUID | None = None
    language: Language | None = None
    time_zone: Zone | None = None
    dates: dict[FieldName, Day] = Field(default_factory=dict, max_length=100)


_ON_THE_WAY = ("password", "country")
"""What whoever assigns has to give, too (DIR-2)."""
_OF_ADMINISTRATORS = ("user_name", "external_id", "dates")
"""What identifies somebody elsewhere, or may drive rules: only for those who manage the directory there."""


class Registration(BaseModel):
    """Somebody who registers, all five fields required (DIR-2); the user name is the e-mail."""

    first_name: PersonName
    last_name: PersonName
    email: Email
    password: Secret
    country: Country
    organisation: Key
    """Its external id, or its id."""
    language: Language | None = None

    def person(self, home: UUID) -> NewPerson:
        return NewPerson(**self.model_dump(exclude={"organisation", "person_id"}), home_organisation=home)


class Registrations:
    """Of people. `undo_seconds`: how long a registration on the way to something else can be taken back."""

    def __init__(self, ledger: Directory, passwords: Passwords, undo_seconds: float) -> None:
        self._ledger = ledger
        self._passwords = passwords
        self._undo_seconds = undo_seconds

    @command
    def register(self, context: CommandContext, manage: Scope | None, assign: Scope | None, new: NewPerson) -> Receipt:
        """By whoever manages the directory there, or assigns there (SEC-2): then with all five fields of DIR-2, and no others
        that reach further."""
        with self._ledger.database.connection() as conn:
            by_manager = manage and (assign is None or units.within(conn, manage, new.home_organisation))
            scope = manage if by_manager else assign
            assert scope is not None
            self._ledger.check_home(conn, scope, new.home_organisation)
            if not by_manager:
                _check_on_the_way(new)
        id = uuid5(PEOPLE, f"{context.actor}/{context.command_id}")
        return self.save(context, id, new)

    @command
    def register_under(self, context: CommandContext, scope: Scope, id: UUID, new: Registration) -> Receipt:
        """Under a chosen id, where the organisation takes training keys of strangers; see `undo`."""
        with self._ledger.database.connection() as conn:
            home = open_organisation(conn, new.organisation, with_key=True)
            if not units.within(conn, scope, home):
                raise scope.beyond("This organisation is not one of yours", "organisation")
            if queries.existing(conn, [id]):
                raise Conflict("There is already a person with this id. Choose another.", field="person_id")
            if conn.execute("SELECT FROM registration WHERE person = %s", [id]).fetchone() is not None:
                raise Conflict("A registration under this id was taken back. Choose another.", field="person_id")
        return self.save(context, id, new.person(home), undoable=True)

    def save(self, context: CommandContext, id: UUID, new: NewPerson, *, undoable: bool = False) -> Receipt:
        """Person, profile and account, all or nothing."""
        profile = profile_of(id, new)
        with self._ledger.database.connection() as conn:
            check_email(profile.email)
            check_unique(conn, profile)
        password_hash = None if new.password is None else self._passwords.hash(new.password)

        def remember(conn: Connection) -> None:
            conn.execute("INSERT INTO registration (person) VALUES (%s)", [id])

        return self.save_hashed(context, profile, new, password_hash, also=remember if undoable else None)

    def save_hashed(
        self,
        context: CommandContext,
        profile: ProfileRow,
        new: NewPerson,
        password_hash: str | None,
        *,
        also: Callable[[Connection], None] | None = None,
    ) -> Receipt:
        """With a password that was hashed before. `also` is in the same transaction."""
        event = PersonRegistered(
            originator_id=profile.id,
            originator_version=1,
            home_organisation=new.home_organisation,
            country=new.country,
            dates=new.dates,
        )
        organisation_stays = still_there(new.home_organisation)

        def together(conn: Connection) -> None:
            organisation_stays(conn)
            if password_hash:
                conn.execute("INSERT INTO account (person, password_hash) VALUES (%s, %s)", [profile.id, password_hash])
            if also:
                also(conn)

        rows = (person_row(people.evolve(None, event)), profile.row())
        decision = Decision((event,), context.meta(), inserted=rows)
        return self._ledger.record(context, decision, {"person_id": str(profile.id)}, also=together)

    @command
    def undo(self, context: CommandContext, scope: Scope, id: UUID) -> Receipt:
        """Of somebody who was registered under a chosen id a short time ago and has not signed in: no account is left, the
        e-mail is free again, and the events say that the person was removed.

        Raises NotFound where there is no such person: a registration under this id that is still under way comes to nothing, too.
        """
        with self._ledger.database.connection() as conn:
            if not queries.existing(conn, [id]):
                conn.execute(_FORESTALL, [id])
            person, profile = self._ledger.person(conn, scope, id)
            self._check_undoable(conn, id)
        gone = ProfileRow(id, profile.revision + 1, "Undone", "registration", f"{id}@undone.invalid", str(id))
        events = people.deactivate(person, "removed") if person.active else ()
        for event in events:
            person = people.evolve(person, event)
        decision = Decision(
            events,
            context.meta(),
            updated=(person_row(person), gone.row()),
            preconditions=(Revision("profile", id, profile.revision),),
        )

        def also(conn: Connection) -> None:
            self._check_undoable(conn, id)
            conn.execute("DELETE FROM account WHERE person = %s", [id])
            conn.execute("DELETE FROM session WHERE person = %s", [id])
            conn.execute("DELETE FROM registration WHERE person = %s", [id])
            conn.execute("INSERT INTO erased_person (id) VALUES (%s)", [id])

        return self._ledger.record(context, decision, {"person_id": str(id)}, also=also)

    def _check_undoable(self, conn: Connection, id: UUID) -> None:
        if conn.execute(_UNDOABLE, [id, self._undo_seconds]).fetchone() is None:
            raise Conflict(
                "This person was not registered on the way to something else, or too long ago. Deactivate the person instead.",
                field="person_id",
                kind="not-undoable",
            )
        if conn.execute("SELECT FROM first_sign_in WHERE person = %s", [id]).fetchone() is not None:
            raise Conflict(
                "This person has signed in already. Deactivate the person instead.",
                field="person_id",
                kind="not-undoable",
            )


def profile_of(id: UUID, new: NewPerson) -> ProfileRow:
    names = (new.first_name.strip(), new.last_name.strip(), new.email, new.user_name or new.email)
    return with_keys(ProfileRow(id, 1, *names, new.external_id, new.language, new.time_zone))


def _check_on_the_way(new: NewPerson) -> None:
    """Raises Invalid for a field of DIR-2 that is missing, Forbidden for one that only administrators give."""
    for field in _ON_THE_WAY:
        if getattr(new, field) is None:
            raise Invalid(f"{field} is required: first name, last name, e-mail, password and country are.", field=field)
    if further := sorted(new.model_fields_set.intersection(_OF_ADMINISTRATORS)):
        raise Forbidden(
            f"You need the permission 'manage-directory' in this organisation to set {', '.join(further)}. Leave it out, or "
            "ask a site administrator.",
            field=further[0],
            permission="manage-directory",
        )


def open_organisation(conn: Connection, named: str, *, with_key: bool = False) -> UUID:
    """The organisation of this external id, or id, where strangers may register, `with_key` with a training key (DIR-7).

    Raises NotFound, the same one for an organisation that does not exist.
    """
    found = profiles.named_organisation(conn, named)
    if found is not None:
        holds = profiles.profile(conn, found.id, 0).holds
        if holds.anonymous_registration and (holds.key_field or not with_key):
            return found.id
    raise NotFound(
        "There is no such organisation, or people cannot register there by themselves. Ask your training administrator.",
        field="organisation",
        kind="registration-closed",
    )
