"""What learners ask for, as pages read and send it: access, and later due dates."""

from datetime import date, datetime

from pydantic import JsonValue

from services.portal.client.asking import Asking, Listed, Params, Receipt, Reply

REQUESTS = "/api/approvals/requests"


class AskedFor(Reply):
    """A request. `outcome` of an approved one: pending, fulfilled, refused, ended."""

    id: str
    kind: str
    status: str
    outcome: str
    stage: int
    stages: int
    offering_id: str
    offering: str | None = None
    due_on: date | None = None
    reason: str | None = None
    asked_at: datetime
    decided_at: datetime | None = None
    escalates_at: datetime | None = None
    escalated: bool = False
    nobody_found: bool = False


class Happening(Reply):
    """One thing that happened to a request; `what` is the name of the event."""

    at: datetime
    what: str
    by: str | None = None
    on_behalf_of: str | None = None
    stage: int | None = None
    people: tuple[str, ...] = ()
    reason: str | None = None
    detail: str | None = None


class AskedWhole(AskedFor):
    """A request with who may decide now, and everything that happened."""

    approvers: tuple[str, ...] = ()
    current_due_on: date | None = None
    history: tuple[Happening, ...] = ()


class Stage(Reply):
    """A stage that a request would go through."""

    approvers: tuple[str, ...] = ()
    needs: str = "any"
    nobody_found: bool = False
    escalates_after_days: int


def own_requests(
    ask: Asking, *, kind: str = "", offering_id: str = "", status: str = "", cursor: str = ""
) -> Listed[AskedFor]:
    """Newest first."""
    asked: Params = {"mine": True, "kind": kind, "offering_id": offering_id, "status": status, "cursor": cursor}
    return ask.listed(AskedFor, REQUESTS, asked)


def own_request(ask: Asking, id: str) -> AskedWhole:
    return ask.one(AskedWhole, f"{REQUESTS}/{id}")


def open_request(ask: Asking, offering_id: str, kind: str) -> AskedWhole | None:
    """The one that waits for a decision."""
    found = own_requests(ask, kind=kind, offering_id=offering_id, status="open").items
    return own_request(ask, found[0].id) if found else None


def stages_ahead(ask: Asking, offering_id: str, kind: str) -> list[Stage]:
    """Who would decide on a request of whoever looks."""
    return ask.every(Stage, f"/api/approvals/offerings/{offering_id}/stages", {"kind": kind})


def send_request(ask: Asking, body: dict[str, JsonValue], key: str) -> str:
    """The id of the request: of the one that is open, where there was one (APR-3)."""
    result = ask.send("POST", REQUESTS, body, key).result
    return str(result["id"]) if isinstance(result, dict) else ""


def cancel_request(ask: Asking, id: str, key: str) -> Receipt:
    return ask.send("DELETE", f"{REQUESTS}/{id}", None, key)
