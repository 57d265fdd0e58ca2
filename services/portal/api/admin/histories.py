"""What happened to an offering, a person, an enrollment, an assignment, a pool, a key: one page for all (AUD-1, U-12)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, ClassVar, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from services.portal.api.form_values import begins, day
from services.portal.api.visitor import Ask, ShowDep
from services.portal.client.asking import Asking, Missing
from services.portal.client.catalog import OfferingHead, offering_head
from services.portal.client.history import Change, Period, Source, Told, history
from services.portal.client.keys import Pool, pool
from services.portal.client.mail import MailReason, mails_of_enrollment
from services.portal.client.people import MOST
from services.portal.client.people import names as people_called
from services.portal.client.persons import Training, one_training
from services.portal.languages import Writing
from services.portal.rendering import Show
from shared.limits import Cursor, Line

router = APIRouter(prefix="/admin")

_PERSON = ("directory", "enrollment", "approvals")


class Asked(BaseModel):
    """Days as the reader types them; what is no day asks for nothing."""

    since: Line = ""
    as_of: Line = ""
    people: bool = False
    cursor: Cursor = ""

    def period(self, write: Writing) -> Period:
        since, last = day(self.since), day(self.as_of)
        begin = begins(since, write.zone) if since else None
        end = begins(last + timedelta(days=1), write.zone) if last else None
        return Period(begin, end - timedelta(microseconds=1) if end else None, self.people)

    @property
    def narrowed(self) -> bool:
        return bool(self.since or self.as_of or self.people)


AskedFor = Annotated[Asked, Query()]


class Head(NamedTuple):
    """Whose history it is, where the page is, and what its head says. `id`: of an enrollment that of the person."""

    subject: str
    id: UUID
    at: str
    of: OfferingHead | Training | Pool | None


@dataclass(frozen=True)
class HistoryView:
    """`names`: by id, of things, and of people as far as whoever looks may know them; `unnamed`: people have none now."""

    template: ClassVar[str] = "admin/history.html"
    head: Head
    asked: Asked
    changes: Sequence[Change]
    names: Mapping[str, str]
    unnamed: bool
    mails: Sequence[MailReason] | Missing
    """Of an enrollment: the e-mails that it was a reason for, for those who may read the ledger."""
    following: str | None


@router.get("/offerings/{id}/history")
def of_offering(ask: Ask, show: ShowDep, id: UUID, asked: AskedFor) -> Response:
    """What the catalog knows of it, and its assignments, groups and triggers."""
    head = ask.begin(lambda: offering_head(ask, id))
    told = _told(ask, show, asked, [Source(one, "offering", id) for one in ("catalog", "enrollment")])
    return _page(ask, show, asked, told, Head("offering", id, f"/admin/offerings/{id}/history", head.result()))


@router.get("/offerings/{offering_id}/assignments/{id}/history")
def of_assignment(ask: Ask, show: ShowDep, offering_id: UUID, id: UUID, asked: AskedFor) -> Response:
    head = ask.begin(lambda: offering_head(ask, offering_id))
    told = _told(ask, show, asked, [Source("enrollment", "assignment", id)])
    at = f"/admin/offerings/{offering_id}/assignments/{id}/history"
    return _page(ask, show, asked, told, Head("assignment", id, at, head.result()))


@router.get("/people/{id}/history")
def of_person(ask: Ask, show: ShowDep, id: UUID, asked: AskedFor) -> Response:
    """Home, jobs and permission roles; enrollments, assignments, groups and job roles; requests and delegations."""
    services = _PERSON if show.shell.may("read-assignments") else _PERSON[:1]
    told = _told(ask, show, asked, [Source(one, "person", id) for one in services])
    return _page(ask, show, asked, told, Head("person", id, f"/admin/people/{id}/history", None))


@router.get("/people/{person_id}/history/{id}")
def of_enrollment(ask: Ask, show: ShowDep, person_id: UUID, id: UUID, asked: AskedFor) -> Response:
    training = ask.begin(lambda: one_training(ask, id))
    reading = show.shell.may("read-mail")
    mails = ask.part(lambda: mails_of_enrollment(ask, id)) if reading else None
    told = _told(ask, show, asked, [Source("enrollment", "enrollment", id)])
    head = Head("enrollment", person_id, f"/admin/people/{person_id}/history/{id}", training.result())
    return _page(ask, show, asked, told, head, mails.result() if mails else ())


@router.get("/keys/{pool_id}/history")
def of_pool(ask: Ask, show: ShowDep, pool_id: UUID, asked: AskedFor) -> Response:
    head = ask.begin(lambda: pool(ask, pool_id))
    told = _told(ask, show, asked, [Source("keys", "pool", pool_id)])
    return _page(ask, show, asked, told, Head("pool", pool_id, f"/admin/keys/{pool_id}/history", head.result()))


@router.get("/keys/{pool_id}/keys/{id}/history")
def of_key(ask: Ask, show: ShowDep, pool_id: UUID, id: UUID, asked: AskedFor) -> Response:
    head = ask.begin(lambda: pool(ask, pool_id))
    told = _told(ask, show, asked, [Source("keys", "key", id)])
    at = f"/admin/keys/{pool_id}/keys/{id}/history"
    return _page(ask, show, asked, told, Head("key", id, at, head.result()))


def _told(ask: Asking, show: Show, asked: Asked, sources: Sequence[Source]) -> Told:
    return history(ask, sources, asked.period(show.shell.write), asked.cursor)


def _page(
    ask: Asking, show: Show, asked: Asked, told: Told, head: Head, mails: Sequence[MailReason] | Missing = ()
) -> Response:
    people = told.people | ({str(head.id)} if head.subject in ("person", "enrollment") else set())
    called = ask.part(lambda: people_called(ask, sorted(people)[:MOST])).result()
    names = {**told.names, **({} if isinstance(called, Missing) else called)}
    query = asked.model_copy(update={"cursor": told.next}).model_dump(exclude_defaults=True)
    following = f"{head.at}?{urlencode(query)}" if told.next else None
    return show(HistoryView(head, asked, told.changes, names, isinstance(called, Missing), mails, following))
