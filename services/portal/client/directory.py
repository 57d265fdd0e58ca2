"""What pages read of people, organisations and sign-ins."""

from datetime import datetime

from services.portal.client.asking import Asking, Listed, Receipt, Reply


class Provider(Reply):
    """Where people sign in beside local accounts."""

    id: str
    name: str


class Named(Reply):
    id: str
    name: str


class SignInOptions(Reply):
    """What the sign-in page of an organisation offers (DIR-7)."""

    organisation: Named | None = None
    registration: bool = False
    key_field: bool = False
    providers: tuple[Provider, ...] = ()


def sign_in_options(ask: Asking, organisation: str) -> SignInOptions:
    return ask.one(SignInOptions, "/api/directory/sign-in-options", {"organisation": organisation})


class Contact(Reply):
    """Whom the people of an organisation ask; what nobody entered is empty."""

    name: str = ""
    email: str | None = None
    telephone: str = ""
    text: str = ""


class Holding(Reply):
    """What holds for whoever looks, by the home organisation. `contact` None: nobody has named one."""

    organisation: Named | None = None
    time_zone: str = "UTC"
    contact: Contact | None = None
    record_assignment_types: bool = False
    record_assignment_names: bool = False


class Profile(Reply):
    """Whoever looks, as they see themselves."""

    id: str
    first_name: str
    last_name: str
    email: str
    user_name: str
    language: str | None = None
    time_zone: str | None = None
    home_organisation_name: str | None = None


class PastSignIn(Reply):
    at: datetime


def what_holds(ask: Asking) -> Holding:
    return ask.one(Holding, "/api/directory/me/holding")


def profile(ask: Asking) -> Profile:
    return ask.one(Profile, "/api/directory/me")


def past_sign_ins(ask: Asking, person: str, limit: int) -> Listed[PastSignIn]:
    """The last ones, newest first."""
    return ask.listed(PastSignIn, f"/api/directory/people/{person}/sign-ins", {"limit": limit})


def edit_profile(ask: Asking, language: str | None, time_zone: str | None, key: str) -> Receipt:
    return ask.send("PATCH", "/api/directory/me", {"language": language, "time_zone": time_zone}, key)


def change_password(ask: Asking, person: str, present: str, new: str) -> None:
    """Every sign-in with the one before ends."""
    body = {"password": new, "present_password": present}
    ask.done("PUT", f"/api/directory/people/{person}/password", body)
