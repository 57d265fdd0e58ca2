"""Where people sign in who have an account elsewhere (SEC-3)."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class OpenIdProvider(BaseModel):
    """An OpenID Connect provider where people sign in, and how its claims are read (SEC-3)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern="^[a-z0-9][a-z0-9-]{0,29}$")
    """In addresses."""
    name: str
    """As the sign-in page shows it."""
    issuer: str
    client_id: str
    client_secret: str
    scope: str = "openid profile email"
    link_by: Literal["email", "user_name", "external_id"] = "email"
    """The person is the one whose e-mail (one that the provider has verified), user name or external id is ..."""
    link_claim: str = "email"
    """... the value of this claim."""
    trust_email: bool = False
    """It says of no e-mail whether it has verified it, and has verified all."""
    create_in: str | None = None
    """The external id of the organisation in which somebody unknown is registered; none: refused."""
    groups_claim: str = "groups"
    roles: dict[str, tuple[str, str | None]] = Field(default_factory=dict)
    """By group: a permission role, and the external id of the organisation it is for; none: for everything. Whoever is in the group
    has it from the next sign-in on; whoever is not has it no more."""
