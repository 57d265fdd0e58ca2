"""A certificate for printing, for its learner and for administrators (ENR-10)."""

from urllib.parse import quote

from fastapi import APIRouter, Response

from services.portal.api.visitor import Ask
from shared.limits import Line

router = APIRouter()

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
}
"""Of a document: the policy of pages would keep the browser's own viewer from showing it."""


@router.get("/certificates/{serial}")
def certificate(ask: Ask, serial: Line) -> Response:
    """The browser shows it, and keeps it under the name that the service gives it."""
    found = ask.file(f"/api/enrollment/certificates/{quote(serial, safe='')}/document")
    name = found.headers.get("Content-Disposition", "").replace("attachment", "inline", 1)
    headers = {**_HEADERS, "Content-Disposition": name or "inline"}
    return Response(found.content, media_type="application/pdf", headers=headers)
