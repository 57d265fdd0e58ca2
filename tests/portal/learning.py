"""What enrollment answers a learner, as tests of the learner's pages need it."""

from typing import Any

from portal.standin import StandIn

OFFERING = "33333333-3333-4333-8333-333333333333"
ENROLLMENT = "11111111-1111-4111-8111-111111111111"
GROUP = "22222222-2222-4222-8222-222222222222"
KEY = "0b6a7f53-6a8e-4d6e-9b52-5a7f0c1d2e3f"
"""Of a form: what is sent again is one command."""
PAGE = f"/offerings/{OFFERING}"
API = f"/api/enrollment/offerings/{OFFERING}"
PRICE = {"amount": "49.50", "currency": "EUR"}


def standing(standin: StandIn, **given: Any) -> dict[str, Any]:
    own = {"id": ENROLLMENT, "offering_id": OFFERING, "status": "not-started", "next_action": "begin-training"}
    return standin.sample("enrollment", "EnrollmentItem", **own | given)


def card(standin: StandIn, number: int = 0, *, stands: dict[str, Any] | None = None, **given: Any) -> dict[str, Any]:
    """A learner's card as enrollment answers it."""
    id = f"{OFFERING[:-2]}{number:02}"
    own = {"id": id, "kind": "course", "title": f"Fire safety {number}", "visible": True}
    own |= {"standing": standing(standin, offering_id=id, **stands or {})}
    return standin.sample("enrollment", "OfferingCard", **own | given)


def step(standin: StandIn, number: int, **given: Any) -> dict[str, Any]:
    own = {"number": number, "kind": "content", "title": f"Part {number}", "launchable": True}
    return standin.sample("enrollment", "StepView", **own | given)


def offering(standin: StandIn, *steps: dict[str, Any], stands: dict[str, Any] | None = None, **given: Any) -> None:
    """What the page of the offering is made of, and how the learner stands on it."""
    own = {"id": OFFERING, "kind": "course", "title": "Fire safety", "visible": True, "active": True}
    own |= {"standing": standing(standin, **stands or {}), "steps": list(steps)}
    own |= {"parts": [_part(one) for one in steps], "done": sum(one["completed"] for one in steps)}
    standin.says("GET", API, standin.sample("enrollment", "OfferingDetails", **own | given))
    standin.says("GET", f"{API}/standing", own["standing"])


def _part(step: dict[str, Any]) -> dict[str, Any]:
    state = "done" if step["completed"] else "open"
    return {"offering_id": None, "state": state} | {name: step[name] for name in ("number", "kind", "title")}


def receipt(standin: StandIn, method: str, path: str, status: int = 200, **result: Any) -> None:
    """That a command was done."""
    told = standin.sample("enrollment", "Receipt", position="enrollment:9", result=result or None)
    standin.says(method, path, told, status)
