"""Sign-ins: kept in a sealed cookie, since the portal keeps nothing itself, and renewed before their token ends (SEC-3)."""

import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from anyio import to_thread
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.portal.client.asking import Reply, ServiceProblem, Services
from services.portal.sealing import Sealer
from shared.auth import ROLES, Permission

COOKIE = "rollbook"
_EARLY = 60.0
"""A token that ends within so many seconds is renewed first."""


class Tokens(Reply):
    access_token: str
    expires_in: int
    refresh_token: str


class Me(Reply):
    """Whoever signed in, as far as every page needs it."""

    id: UUID
    first_name: str = ""
    last_name: str = ""
    language: str | None = None
    time_zone: str | None = None


class Session(BaseModel):
    """A sign-in. The short names keep the cookie small."""

    model_config = ConfigDict(frozen=True)

    access: str = Field(alias="a")
    refresh: str = Field(alias="r")
    expires: float = Field(alias="e")
    person: UUID = Field(alias="p")
    name: str = Field(alias="n")
    language: str | None = Field(alias="l")
    zone: str | None = Field(alias="z")

    def reading(self, language: str | None, zone: str | None) -> "Session":
        """Of somebody who reads another language, or in another time zone, from now on."""
        return self.model_copy(update={"language": language, "zone": zone})

    @property
    def roles(self) -> frozenset[str]:
        """The permission roles that the token names; the services check it, the portal only shows what they would allow."""
        return frozenset(role for role, _ in self._held)

    @property
    def _held(self) -> list[tuple[str, str | None]]:
        """Each role with the organisation that it is held for; None: for everything."""
        payload = self.access.split(".")[1] if self.access.count(".") == 2 else ""
        try:
            claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
            return [(str(role), organisation) for role, organisation in claims.get("roles", [])]
        except (ValueError, AttributeError, LookupError, TypeError):
            return []

    @property
    def permissions(self) -> frozenset[Permission]:
        """Of all of its roles, wherever each holds (SEC-1)."""
        return frozenset[Permission]().union(*(ROLES.get(role, frozenset()) for role in self.roles))

    @property
    def everywhere(self) -> frozenset[Permission]:
        """Those that hold for everything (SEC-2)."""
        held = (ROLES.get(role, frozenset()) for role, organisation in self._held if organisation is None)
        return frozenset[Permission]().union(*held)


class SignIns:
    """Begins, renews and ends sign-ins at the directory."""

    def __init__(self, services: Services, clock: Callable[[], float] = time.time) -> None:
        self._services = services
        self._clock = clock

    def begin(self, user_name: str, password: str, address: str) -> Session:
        """For somebody at this address, by which attempts are counted. Raises ServiceProblem for a sign-in that does not hold."""
        form = {"grant_type": "password", "username": user_name, "password": password}
        return self.with_tokens(self._services.asking(None, address=address).form(Tokens, "/api/directory/token", form))

    def with_tokens(self, tokens: Tokens) -> Session:
        """A session of tokens that the directory gave, however it came to that."""
        me = self._services.asking(tokens.access_token).one(Me, "/api/directory/me")
        return Session(
            a=tokens.access_token,
            r=tokens.refresh_token,
            e=self._clock() + tokens.expires_in,
            p=me.id,
            n=f"{me.first_name} {me.last_name}".strip(),
            l=me.language,
            z=me.time_zone,
        )

    def ending(self, session: Session) -> bool:
        """Its token has to be renewed before anything else."""
        return session.expires - self._clock() <= _EARLY

    def renewed(self, session: Session) -> Session | None:
        """The session with a token that holds for a while; None: it has ended. A directory that is down changes nothing."""
        form = {"grant_type": "refresh_token", "refresh_token": session.refresh}
        try:
            return self.with_tokens(self._services.asking(None).form(Tokens, "/api/directory/token", form))
        except ServiceProblem as error:
            return None if error.status in (400, 401, 403) else session

    def end(self, session: Session) -> None:
        """Sign out everywhere that this sign-in was renewed to."""
        self._services.asking(None).done("POST", "/api/directory/token/revoke", form={"token": session.refresh})


@dataclass
class Visit:
    """What the cookie of a request says, and what that of its answer has to say."""

    session: Session | None = None
    changed: bool = False

    def set(self, session: Session | None) -> None:
        self.session, self.changed = session, True


class Sessions:
    """Opens the cookie of each request, renews the sign-in when it is about to end, and writes the cookie when it changed."""

    def __init__(self, app: ASGIApp, sealer: Sealer, sign_ins: SignIns, *, secure: bool, seconds: int) -> None:
        self._app, self._sealer, self._sign_ins = app, sealer, sign_ins
        self._secure, self._seconds = secure, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/static/"):
            await self._app(scope, receive, send)
            return
        given = HTTPConnection(scope).cookies.get(COOKIE)
        visit = Visit(self._opened(given))
        if visit.session and self._sign_ins.ending(visit.session):
            renewed = await to_thread.run_sync(self._sign_ins.renewed, visit.session)
            if renewed != visit.session:
                visit.set(renewed)
        elif given and not visit.session:
            visit.set(None)
        scope.setdefault("state", {})["visit"] = visit

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start" and visit.changed:
                MutableHeaders(scope=message).append("Set-Cookie", self._cookie(visit.session))
            await send(message)

        await self._app(scope, receive, sending)

    def _opened(self, cookie: str | None) -> Session | None:
        try:
            found = self._sealer.open("session", cookie) if cookie else None
            return Session.model_validate(found) if found else None
        except ValidationError:
            return None

    def _cookie(self, session: Session | None) -> str:
        """For the whole site and no script. Links in e-mails arrive signed in, forms of other sites do not: Lax."""
        value = (
            self._sealer.seal("session", session.model_dump(mode="json", by_alias=True), self._seconds)
            if session
            else ""
        )
        age = self._seconds if session else 0
        return f"{COOKIE}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax" + ("; Secure" if self._secure else "")
