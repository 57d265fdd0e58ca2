"""What pages read and command of organisations and positions: frameworks, trees, profiles (DIR-3, DIR-4, DIR-7)."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from pydantic import JsonValue

from services.portal.client.asking import Asking, Listed, Params, Receipt, Reply
from services.portal.client.directory import Contact

DIRECTORY = "/api/directory"
UNITS = f"{DIRECTORY}/units"


class Framework(Reply):
    """A tree of organisations, or of positions."""

    id: UUID
    kind: str
    name: str
    external_id: str

    @property
    def pair(self) -> tuple[str, str]:
        """For a choice."""
        return str(self.id), self.name


class Unit(Reply):
    """An organisation or a position, with the names of those above it, the topmost first. `people` None: not counted."""

    id: UUID
    version: int
    kind: str
    framework_id: UUID
    parent_id: UUID | None = None
    name: str
    external_id: str
    children: int
    path: tuple[str, ...] = ()
    people: int | None = None
    people_below: int | None = None

    @property
    def above(self) -> str:
        return " > ".join(self.path)

    @property
    def place(self) -> str:
        """The address of the page that lists it: what is below the unit above, as far as that may be seen, or the framework."""
        above = f"unit={self.parent_id}" if self.parent_id and self.path else f"framework={self.framework_id}"
        return f"/admin/structure/{self.kind}s?{above}"

    @property
    def whole(self) -> str:
        """Its name with where it is, since names are not unique."""
        return " > ".join((*self.path, self.name))


class Settings(Reply):
    """What one organisation sets; None: as the one above."""

    access_days: int | None = None
    anonymous_registration: bool | None = None
    key_field: bool | None = None
    time_zone: str | None = None
    contact: Contact | None = None
    record_assignment_types: bool | None = None
    record_assignment_names: bool | None = None


class Profile(Reply):
    """What an organisation sets, what holds there, and which organisation each value comes from; None: nobody sets it."""

    version: int
    set: Settings
    holds: Settings
    origin: Mapping[str, UUID | None]


def frameworks(ask: Asking, kind: str) -> list[Framework]:
    """By name."""
    return ask.every(Framework, f"{DIRECTORY}/frameworks", {"kind": kind})


def level(ask: Asking, framework: UUID | None, parent: UUID | None, cursor: str) -> Listed[Unit]:
    """The children of a unit, or the topmost of a framework."""
    place: Params = {"parent_id": str(parent)} if parent else {"framework_id": str(framework), "top": True}
    return ask.listed(Unit, UNITS, {**place, "count": True, "cursor": cursor})


def found(
    ask: Asking, name: str, kind: str = "", framework: str = "", cursor: str = "", *, count: bool
) -> Listed[Unit]:
    """Those whose name has this."""
    asked: Params = {"name": name, "kind": kind, "framework_id": framework, "count": count, "cursor": cursor}
    return ask.listed(Unit, UNITS, asked)


def units(ask: Asking, ids: Sequence[UUID]) -> dict[UUID, Unit]:
    """Those of these that whoever looks may see."""
    if not ids:
        return {}
    listed = ask.listed(Unit, UNITS, {"ids": [str(id) for id in ids[:100]], "limit": 100})
    return {one.id: one for one in listed.items}


def unit(ask: Asking, id: UUID) -> Unit:
    return ask.one(Unit, f"{UNITS}/{id}")


def profile(ask: Asking, id: UUID) -> Profile:
    return ask.one(Profile, f"{UNITS}/{id}/profile")


def create_framework(ask: Asking, kind: str, name: str, external_id: str, key: str) -> UUID:
    body: dict[str, JsonValue] = {"kind": kind, "name": name, "external_id": external_id}
    return _Framework.model_validate(ask.send("POST", f"{DIRECTORY}/frameworks", body, key).result).framework_id


def create_unit(ask: Asking, framework: str, parent: str, name: str, external_id: str, key: str) -> UUID:
    body: dict[str, JsonValue] = {"framework_id": framework, "parent_id": parent or None, "name": name}
    return _Unit.model_validate(ask.send("POST", UNITS, {**body, "external_id": external_id}, key).result).unit_id


def rename(ask: Asking, id: UUID, name: str, version: int, key: str) -> Receipt:
    return ask.send("PATCH", f"{UNITS}/{id}", {"name": name}, key, version=version)


def move(ask: Asking, id: UUID, parent: str, version: int, key: str) -> Receipt:
    """`parent` empty: to the top."""
    return ask.send("POST", f"{UNITS}/{id}/move", {"parent_id": parent or None}, key, version=version)


def delete(ask: Asking, id: UUID, version: int, key: str) -> Receipt:
    return ask.send("DELETE", f"{UNITS}/{id}", None, key, version=version)


def set_profile(ask: Asking, id: UUID, body: Mapping[str, JsonValue], version: int, key: str) -> Receipt:
    return ask.send("PUT", f"{UNITS}/{id}/profile", body, key, version=version)


class _Framework(Reply):
    framework_id: UUID


class _Unit(Reply):
    unit_id: UUID
