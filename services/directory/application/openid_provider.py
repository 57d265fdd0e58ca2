"""An OpenID Connect provider, as a relying party sees it: discovery, authorization code with PKCE, ID token (SEC-3)."""

import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx
from authlib.deprecate import AuthlibDeprecationWarning
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import BaseModel, ConfigDict, ValidationError

from shared import telemetry
from shared.errors import Busy, Unauthenticated

# Authlib warns everybody, operators too, that it will want another HTTP client one day.
warnings.filterwarnings("ignore", "The httpx module is deprecated", AuthlibDeprecationWarning)
from authlib.integrations.httpx_client import OAuth2Client  # noqa: E402
from authlib.integrations.httpx_client import OAuthError as CodeRefused  # noqa: E402

log = telemetry.logger(__name__)

Claims = Mapping[str, Any]
LinkBy = Literal["email", "user_name", "external_id"]

_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"]
"""Only signatures by a provider's own key: neither `none` nor the client's secret."""
_DISCOVERY_SECONDS = 600.0
_LEEWAY_SECONDS = 30


class ProviderDown(Busy):
    """It does not answer, or not with what it should."""

    kind = "provider-down"


@dataclass(frozen=True)
class Provider:
    """One provider, as the setting ROLLBOOK_OPENID_PROVIDERS has it."""

    id: str
    name: str
    issuer: str
    client_id: str
    client_secret: str
    scope: str
    link_by: LinkBy
    link_claim: str
    trust_email: bool
    create_in: str | None
    groups_claim: str
    roles: Mapping[str, tuple[str, str | None]] = field(default_factory=dict)


class _Metadata(BaseModel):
    model_config = ConfigDict(extra="ignore")

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None


class OpenIdClient:
    """Rollbook at one provider. `redirect_uri`: where it sends people back to."""

    def __init__(self, provider: Provider, redirect_uri: str, seconds: float) -> None:
        self.provider = provider
        self._redirect_uri = redirect_uri
        self._seconds = seconds
        self._found: tuple[float, _Metadata] | None = None

    def authorization_url(self, state: str, nonce: str, code_verifier: str) -> str:
        """Where to send the browser. Raises ProviderDown."""
        with self._client() as client:
            url, _ = client.create_authorization_url(
                self._metadata().authorization_endpoint, state=state, nonce=nonce, code_verifier=code_verifier
            )
        return str(url)

    def claims(self, code: str, nonce: str, code_verifier: str) -> Claims:
        """What the provider says of the person: the ID token's claims, and beside them those of the user info. Raises ProviderDown,
        Unauthenticated."""
        metadata = self._metadata()
        try:
            with self._client() as client:
                answer = client.fetch_token(metadata.token_endpoint, code=code, code_verifier=code_verifier)
                claims = self._checked(str(answer.get("id_token", "")), nonce, self._json(metadata.jwks_uri))
                if metadata.userinfo_endpoint is None:
                    return claims
                more = client.get(metadata.userinfo_endpoint).raise_for_status().json()
        except CodeRefused as error:
            raise self._wrong(f"it refused the code ({error.error})") from error
        except (httpx.HTTPError, ValueError) as error:
            raise self._down(type(error).__name__) from error
        if not isinstance(more, dict) or more.get("sub") != claims["sub"]:
            raise self._wrong("its user info is about somebody else")
        return {**more, **claims}

    def _client(self) -> OAuth2Client:
        return OAuth2Client(
            self.provider.client_id,
            self.provider.client_secret,
            scope=self.provider.scope,
            redirect_uri=self._redirect_uri,
            code_challenge_method="S256",
            timeout=self._seconds,
        )

    def _metadata(self) -> _Metadata:
        if self._found and time.monotonic() - self._found[0] < _DISCOVERY_SECONDS:
            return self._found[1]
        url = self.provider.issuer.rstrip("/") + "/.well-known/openid-configuration"
        try:
            metadata = _Metadata.model_validate(self._json(url))
        except (httpx.HTTPError, ValueError, ValidationError) as error:
            raise self._down(type(error).__name__) from error
        if metadata.issuer != self.provider.issuer:
            raise self._wrong("it calls itself by another issuer than ROLLBOOK_OPENID_PROVIDERS")
        self._found = time.monotonic(), metadata
        return metadata

    def _json(self, url: str) -> Any:
        return httpx.get(url, timeout=self._seconds).raise_for_status().json()

    def _checked(self, id_token: str, nonce: str, keys: Any) -> Claims:
        """The claims of a token that this provider signed for this client, now, and for this sign-in. Raises Unauthenticated."""
        registry = jwt.JWTClaimsRegistry(
            leeway=_LEEWAY_SECONDS,
            iss={"essential": True, "value": self.provider.issuer},
            aud={"essential": True, "value": self.provider.client_id},
            exp={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            claims = jwt.decode(id_token, KeySet.import_key_set(keys), algorithms=_ALGORITHMS).claims
            registry.validate(claims)
        except (JoseError, ValueError) as error:
            raise self._wrong(f"its ID token does not hold ({type(error).__name__})") from error
        audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        if len(audiences) > 1 and claims.get("azp") != self.provider.client_id:
            raise self._wrong("its ID token is for another client")
        return dict(claims)

    def _down(self, reason: str) -> ProviderDown:
        log.warning("a provider of sign-ins does not answer", provider=self.provider.id, reason=reason)
        return ProviderDown(f"{self.provider.name} is not responding. Try again in a moment, or sign in another way.")

    def _wrong(self, reason: str) -> Unauthenticated:
        log.warning("the answer of a provider of sign-ins does not hold", provider=self.provider.id, reason=reason)
        return Unauthenticated(
            f"Rollbook does not accept the answer of {self.provider.name}: {reason}. Sign in again; if that does not help, tell a "
            "site administrator.",
            kind="provider-answer-invalid",
        )
