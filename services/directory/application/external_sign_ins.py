"""Sign-in at an OpenID Connect provider: whom its claims are about, and which permission roles its groups give (SEC-3)."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID, uuid4, uuid5

from services.directory.application.accounts import Accounts, Tokens
from services.directory.application.identity import check_email, check_unique
from services.directory.application.ledger import Directory
from services.directory.application.openid_provider import Claims, OpenIdClient, Provider
from services.directory.application.people import People
from services.directory.application.registrations import PEOPLE, NewPerson, Registrations, profile_of
from services.directory.domain.people import Held
from services.directory.projections import people, profiles
from shared import telemetry
from shared.attempts import Attempts
from shared.auth import Scope
from shared.database import Connection, fetch_one
from shared.errors import Conflict, Forbidden, Invalid, NotFound
from shared.store import CommandContext

log = telemetry.logger(__name__)

FORGOTTEN = "DELETE FROM external_sign_in WHERE expires_at < now()"

_COUNTED = "external-sign-in"
_EVERYTHING = Scope(everything=True)
_BEGIN = (
    "INSERT INTO external_sign_in (state, provider, nonce, code_verifier, expires_at) "
    "VALUES (%s, %s, %s, %s, now() + %s * interval '1 second')"
)
_TAKE = (
    "DELETE FROM external_sign_in WHERE state = %s AND provider = %s AND expires_at > now() "
    "RETURNING nonce, code_verifier"
)
_LINK = "INSERT INTO external_identity (provider, subject, person) VALUES (%s, %s, %s)"


class Begun(NamedTuple):
    """Where to send the browser. Whoever sends it keeps `state` for this browser alone, and finishes with no other."""

    authorization_url: str
    state: str


class _Begun(NamedTuple):
    nonce: str
    code_verifier: str


class ExternalSignIns:
    """`clients`: one for each provider. `seconds`: how long a sign-in at a provider may take."""

    def __init__(
        self,
        ledger: Directory,
        accounts: Accounts,
        registrations: Registrations,
        person_commands: People,
        attempts: Attempts,
        clients: Sequence[OpenIdClient],
        seconds: float,
    ) -> None:
        self._ledger = ledger
        self._database = ledger.database
        self._accounts = accounts
        self._registrations = registrations
        self._people = person_commands
        self._attempts = attempts
        self._seconds = seconds
        self._clients = {client.provider.id: client for client in clients}

    @property
    def providers(self) -> list[Provider]:
        """In the order of the setting."""
        return [client.provider for client in self._clients.values()]

    def begin(self, provider: str, address: str) -> Begun:
        """Counted as an attempt that fails, until it is finished: nobody is known yet, and whoever only begins makes the provider
        answer and leaves a row. Raises NotFound, ProviderDown, TooManyAttempts."""
        client = self._client(provider)
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        with self._attempts.counted(_COUNTED, address=address):
            url = client.authorization_url(state, nonce, verifier)
            with self._database.connection() as conn:
                conn.execute(_BEGIN, [_hash(state), provider, nonce, verifier, self._seconds])
        return Begun(url, state)

    def finish(self, provider: str, state: str, code: str, address: str) -> Tokens:
        """Once. Raises NotFound, Conflict, ProviderDown, Unauthenticated, Forbidden, Invalid; each says what to do."""
        client = self._client(provider)
        with self._database.connection() as conn:
            begun = fetch_one(conn, _Begun, _TAKE, [_hash(state), provider])
        if begun is None:
            raise Conflict(
                "This sign-in took too long, or was finished already. Start again.",
                field="state",
                kind="sign-in-expired",
            )
        claims = client.claims(code, begun.nonce, begun.code_verifier)
        person = self._person(client.provider, claims)
        self._give_roles(client.provider, person, claims)
        tokens = self._accounts.begin(person, record=True)
        self._attempts.succeeded_later(_COUNTED, address=address)
        return tokens

    def _client(self, provider: str) -> OpenIdClient:
        if provider not in self._clients:
            raise NotFound("There is no such provider of sign-ins.", field="provider")
        return self._clients[provider]

    def _person(self, provider: Provider, claims: Claims) -> UUID:
        """Who is linked to the subject; else who has the claim's value, and is linked then; else a new one, where the setting
        allows that."""
        subject = str(claims["sub"])
        with self._database.connection() as conn:
            linked = _linked(conn, provider, subject)
            found = linked or people.person_with(conn, provider.link_by, _link_value(provider, claims))
            if found is None:
                return self._register(conn, provider, subject, claims)
            if not people.is_active(conn, found):
                raise Forbidden("This account is not active. Ask your training administrator.", kind="inactive")
            if linked is None:
                self._link(conn, provider, subject, found)
        return found

    def _link(self, conn: Connection, provider: Provider, subject: str, person: UUID) -> None:
        query = "SELECT FROM external_identity WHERE provider = %s AND person = %s"
        if conn.execute(query, [provider.id, person]).fetchone() is not None:
            raise Conflict(
                f"Somebody else at {provider.name} already signs in as this person. Ask a site administrator.",
                kind="already-linked",
            )
        conn.execute(_LINK, [provider.id, subject, person])

    def _register(self, conn: Connection, provider: Provider, subject: str, claims: Claims) -> UUID:
        if provider.create_in is None:
            raise Forbidden(
                f"Nobody in Rollbook has the {provider.link_by.replace('_', ' ')} that {provider.name} says you have. Ask your "
                "training administrator to add you.",
                kind="unknown-person",
            )
        home = profiles.named_organisation(conn, provider.create_in)
        if home is None:
            raise NotFound(
                f"The organisation of people from {provider.name} does not exist. Tell a site administrator."
            )
        new = _new_person(provider, claims, home.id)
        digest = hashlib.sha256(f"{provider.id}\0{subject}".encode()).hexdigest()
        id = uuid5(PEOPLE, f"openid {digest}")
        profile = profile_of(id, new)
        check_email(profile.email)
        check_unique(conn, profile)
        context = CommandContext(id, command_id=f"openid {digest}", reason_code="openid")

        def link(conn: Connection) -> None:
            conn.execute(_LINK, [provider.id, subject, id])

        self._registrations.save_hashed(context, profile, new, None, also=link)
        return id

    def _give_roles(self, provider: Provider, person: UUID, claims: Claims) -> None:
        """Of the roles that the setting has for groups, exactly those of the groups in the claims; other roles are left alone."""
        if not provider.roles:
            return
        with self._database.connection() as conn:
            by_group = _roles(conn, provider)
            held = {(one.role, one.organisation) for one in people.roles(conn, Scope(everything=True), person)}
        groups = claims.get(provider.groups_claim) or []
        wanted = {by_group[group] for group in groups if isinstance(group, str) and group in by_group}
        for role in sorted(wanted - held, key=str):
            self._people.grant(_context(), _EVERYTHING, person, role)
        for role in sorted((set(by_group.values()) - wanted) & held, key=str):
            try:
                self._people.revoke(_context(), _EVERYTHING, person, role)
            except Conflict as error:
                log.warning("a permission role is kept", person=str(person), provider=provider.id, reason=error.kind)


def _linked(conn: Connection, provider: Provider, subject: str) -> UUID | None:
    query = "SELECT person FROM external_identity WHERE provider = %s AND subject = %s"
    row = conn.execute(query, [provider.id, subject]).fetchone()
    return row[0] if row and isinstance(row[0], UUID) else None


def _link_value(provider: Provider, claims: Claims) -> str:
    """Raises Forbidden without it, and for an e-mail that the provider has not verified: anybody could claim it."""
    value = claims.get(provider.link_claim)
    if not isinstance(value, str) or not value.strip():
        raise Forbidden(
            f"{provider.name} does not tell Rollbook your '{provider.link_claim}'. Ask a site administrator.",
            kind="claim-missing",
            claim=provider.link_claim,
        )
    if provider.link_by == "email" and claims.get("email_verified", provider.trust_email) is not True:
        raise Forbidden(
            f"{provider.name} has not verified your e-mail address. Verify it there, then sign in again.",
            kind="email-not-verified",
        )
    return value


def _new_person(provider: Provider, claims: Claims, home: UUID) -> NewPerson:
    key = {} if provider.link_by == "email" else {provider.link_by: claims[provider.link_claim]}
    try:
        return NewPerson.model_validate(
            {
                "first_name": claims.get("given_name"),
                "last_name": claims.get("family_name"),
                "email": claims.get("email"),
                "home_organisation": home,
                **key,
            }
        )
    except ValueError as error:
        raise Invalid(
            f"{provider.name} does not tell Rollbook your first name, last name and e-mail, or not in a form that it accepts. "
            "Ask a site administrator.",
            kind="claim-missing",
        ) from error


def _roles(conn: Connection, provider: Provider) -> Mapping[str, Held]:
    """By group. One for an organisation that does not exist is left out, and logged."""
    found: dict[str, Held] = {}
    for group, (role, organisation) in provider.roles.items():
        where = profiles.named_organisation(conn, organisation) if organisation else None
        if organisation and where is None:
            log.warning("a group's role is for an organisation that does not exist", provider=provider.id, role=role)
            continue
        found[group] = (role, where.id if where else None)
    return found


def _context() -> CommandContext:
    return CommandContext.system(f"openid {uuid4()}", reason_code="openid")


def _hash(state: str) -> bytes:
    """Of 256 random bits a fast one will do."""
    return hashlib.sha256(state.encode()).digest()
