"""What pages read and command of saved reports (RPT-3)."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from pydantic import JsonValue

from services.portal.client.asking import Asking, Listed, Receipt, Reply

SAVED = "/api/reporting/saved-reports"


class Shared(Reply):
    """With holders of a permission role; `organisation_id` None: anywhere. `organisation`: its name."""

    role: str
    organisation_id: UUID | None = None
    organisation: str | None = None


class SavedReport(Reply):
    """A question under a name. `owner` None: somebody whom whoever looks may not know."""

    id: UUID
    name: str
    source: str
    question: dict[str, JsonValue]
    owner: str | None = None
    own: bool
    shared: Shared | None = None
    revision: int
    changed_at: datetime

    @property
    def columns(self) -> list[JsonValue]:
        columns = self.question.get("columns")
        return columns if isinstance(columns, list) else []

    def body(self) -> dict[str, JsonValue]:
        """As it is, for a change of a part of it."""
        shared: JsonValue = None
        if self.shared:
            place = str(self.shared.organisation_id) if self.shared.organisation_id else None
            shared = {"role": self.shared.role, "organisation_id": place}
        return {"name": self.name, "source": self.source, "question": self.question, "shared": shared}


class _Made(Reply):
    saved_report_id: UUID


def listed(ask: Asking, cursor: str) -> Listed[SavedReport]:
    """One's own and those that are shared, the newest first."""
    return ask.listed(SavedReport, SAVED, {"cursor": cursor})


def one(ask: Asking, id: UUID) -> SavedReport:
    return ask.one(SavedReport, f"{SAVED}/{id}")


def save(ask: Asking, body: Mapping[str, JsonValue], key: str) -> UUID:
    return _Made.model_validate(ask.send("POST", SAVED, body, key).result).saved_report_id


def change(ask: Asking, id: UUID, body: Mapping[str, JsonValue], revision: int, key: str) -> Receipt:
    return ask.send("PUT", f"{SAVED}/{id}", body, key, version=revision)


def delete(ask: Asking, id: UUID, revision: int, key: str) -> Receipt:
    return ask.send("DELETE", f"{SAVED}/{id}", None, key, version=revision)
