"""Slices of the history with their proofs, and how far it is signed (AUD-3, AUD-4)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, ClassVar, Literal, get_args
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from services.portal.api.form_values import begins, day
from services.portal.api.visitor import Ask, ShowDep
from services.portal.client import audit
from services.portal.client.asking import Missing
from services.portal.client.audit import Signed
from services.portal.client.catalog import offering_head
from services.portal.client.people import names
from services.portal.languages import Writing
from services.portal.rendering import passed_on
from shared.limits import Line

router = APIRouter(prefix="/admin/system/audit")

Service = Literal["enrollment", "directory", "catalog", "approvals", "keys"]
"""Those whose events are about people and offerings."""


class SliceForm(BaseModel):
    """Which events. Days as the reader types them, the last one included; what is no day asks for nothing."""

    service: Service = "enrollment"
    learner: UUID | None = None
    offering: UUID | None = None
    since: Line = ""
    until: Line = ""

    def slice(self, write: Writing) -> dict[str, str]:
        since, last = day(self.since), day(self.until)
        asked = {
            "learner": self.learner,
            "offering": self.offering,
            "since": begins(since, write.zone).isoformat() if since else None,
            "until": begins(last + timedelta(days=1), write.zone).isoformat() if last else None,
        }
        return {name: str(value) for name, value in asked.items() if value}


Asked = Annotated[SliceForm, Query()]


@dataclass(frozen=True)
class AuditView:
    """`learner`, `offering`: what they are called; empty: it is not about one, or the name is not known. `others`: the same
    question to another service, as an address for each."""

    template: ClassVar[str] = "admin/audit.html"
    asked: SliceForm
    signed: Signed
    learner: str
    offering: str
    others: dict[str, str]


@router.get("")
def page(ask: Ask, show: ShowDep, asked: Asked) -> Response:
    signed = ask.begin(lambda: audit.signed(ask, asked.service))
    person, of = asked.learner, asked.offering
    called = ask.part(lambda: names(ask, [str(person)])) if person else None
    title = ask.part(lambda: offering_head(ask, of).title) if of else None
    known = called.result() if called else {}
    learner = "" if isinstance(known, Missing) else known.get(str(person), "")
    found = title.result() if title else ""
    others = {service: f"{router.prefix}?{_address(asked, service)}" for service in get_args(Service)}
    return show(AuditView(asked, signed.result(), learner, "" if isinstance(found, Missing) else found, others))


@router.get("/export")
def export(ask: Ask, show: ShowDep, asked: Asked) -> StreamingResponse:
    return passed_on(audit.export(ask, asked.service, asked.slice(show.shell.write)))


def _address(asked: SliceForm, service: str) -> str:
    kept = asked.model_dump(mode="json", exclude_defaults=True)
    return urlencode({**kept, "service": service})
