"""Offerings as the stand-in's catalog has them."""

from typing import Any
from uuid import UUID

from portal.html_checks import Page
from portal.standin import StandIn

ID = "11111111-1111-4111-8111-111111111111"
FIRE = "22222222-2222-4222-8222-222222222222"
LIFT = "33333333-3333-4333-8333-333333333333"
OFFERINGS = "/api/catalog/offerings"
ONE = f"{OFFERINGS}/{ID}"
AT = f"/admin/offerings/{ID}"
KEY = "0b6a7f53-6a8e-4d6e-9b52-5a7f0c1d2e3f"
"""Of a form: what is sent again is one command."""
_PARTS: dict[str, Any] = {
    "admission": {"access": "request", "opens": None, "closes": None},
    "completion": {"review": False, "earlier_completions": False},
    "visibility": {"audiences": []},
    "approvals": {"access": [], "later_due_date": [], "completion": [], "ask_again_days": 0, "escalation_days": None},
    "notifications": ["assigned", "completed", "withdrawn"],
    "mail": {"off": [], "copied": [], "due_reminders": None, "certificate_reminders": None, "access_reminders": None},
    "keep_begun": True,
    "versions": [],
    "active": True,
    "open": True,
}


def offering(standin: StandIn, **given: Any) -> dict[str, Any]:
    """The catalog has this one."""
    told = standin.answer(
        "GET", ONE, **{**_PARTS, "id": ID, "title": "Safe workplace", "code": "SAFE", "version": 7, **given}
    )
    standin.says("GET", ONE, told)
    return told


def listed(standin: StandIn, *given: dict[str, Any], next: str | None = None) -> None:
    """The catalog lists these."""
    items = [standin.item("GET", OFFERINGS, **{"id": ID, "active": True, "open": True, **one}) for one in given]
    standin.says("GET", OFFERINGS, {"items": items, "next": next})


def known_courses(standin: StandIn) -> None:
    """Two courses, by ids or by what is sought."""
    fire = {"id": FIRE, "title": "Fire safety", "code": "FIRE-01", "kind": "course"}
    lift = {"id": LIFT, "title": "Lifting", "code": "LIFT", "kind": "course", "active": False}
    listed(standin, fire, lift)


def accepts(standin: StandIn, method: str, path: str, status: int = 200, version: int = 8) -> None:
    """A command that is done."""
    result = {"id": str(UUID(ID)), "version": version}
    standin.says(method, path, standin.answer(method, path, position="catalog:4", result=result), status)


def said(page: Page) -> str:
    return " ".join(page.text)


def values(page: Page, name: str) -> list[str | None]:
    """Of every field of this name."""
    return [one.get("value") for one in page.fields if one.get("name") == name]


def asked(standin: StandIn, path: str) -> dict[str, str]:
    """What the last question to this path was narrowed by."""
    return dict(next(one for one in reversed(standin.asked) if one.url.path == path).url.params)
