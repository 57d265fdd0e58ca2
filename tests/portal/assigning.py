"""What services answer to the pages of assigning."""

from typing import Any

from portal.standin import StandIn

OFFERING = "22222222-2222-4222-8222-222222222222"
ASSIGNMENT = "44444444-4444-4444-8444-444444444444"
UNIT, OTHER = "55555555-5555-4555-8555-555555555555", "66666666-6666-4666-8666-666666666666"
PREVIEW = "77777777-7777-4777-8777-777777777777"
BATCH = "88888888-8888-4888-8888-888888888888"
KEY = "0b6a7f53-6a8e-4d6e-9b52-5a7f0c1d2e3f"
AT = f"/admin/offerings/{OFFERING}"
E = "/api/enrollment"


def offering(standin: StandIn, kind: str = "certification") -> None:
    path = f"/api/catalog/offerings/{OFFERING}"
    told = {"id": OFFERING, "title": "Safe <b>workplace</b>", "code": "SAFE", "kind": kind, "active": True}
    standin.says("GET", path, standin.answer("GET", path, **told, published=1))


def assignment(standin: StandIn, **given: Any) -> dict[str, Any]:
    counts = {"active": 112, "date_pending": 3, "held": 9, "refused": 4}
    told = {"id": ASSIGNMENT, "offering_id": OFFERING, "type": "organisation", "target_id": UNIT, "name": "Day Shift"}
    return standin.item("GET", f"{E}/assignments", **{**told, "counts": counts, "include_below": True, **given})


def preview(standin: StandIn, **given: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": PREVIEW,
        "action": "assign",
        "assignments": 2,
        "offering_id": OFFERING,
        "kind": "certification",
        "title": "Safe workplace",
        "people": 352,
        "enrolled": 318,
        "source_added": 21,
        "held_by_exceptions": 9,
        "excluded": 4,
        "emails": {"count": 318, "notifications": ["assigned"]},
    }
    return standin.answer("POST", f"{E}/previews", **{**told, **given})
