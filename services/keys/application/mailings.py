"""Sending keys by e-mail: each recipient is allotted one, all of them or nobody (KEY-11)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, NamedTuple, Self
from uuid import UUID, uuid4, uuid5

from pydantic import BaseModel, Field, JsonValue, model_validator

from services.keys.application.ledger import TrainingKeys, clock, course
from services.keys.application.mail_texts import About, MailTexts, template
from services.keys.domain import sending
from services.keys.domain.mail_templates import LANGUAGES, STAND_IN, Language
from services.keys.domain.pools import Pool
from services.keys.domain.sending import Outcome, Standing
from services.keys.projections import mailings as queries
from services.keys.projections.mailings import Mailing, NewRecipient
from services.keys.projections.names import person_name, unit_name
from services.keys.projections.tables import KEY
from shared import jobs
from shared.addresses import NotAnAddress, read_address
from shared.auth import Scope
from shared.database import Connection
from shared.errors import Corrupt, Invalid
from shared.events import Event, Meta
from shared.folding import fold
from shared.jobs import Job
from shared.limits import MANY
from shared.page_addresses import Pages
from shared.store import CommandContext, Decision, Receipt, Row, command, decided_again

KIND = "send-keys"
_MAILINGS = UUID("3d2f5a10-54a4-4c1c-9b55-4e5d3a2b9c71")
"""The name space of the ids of mailings."""


class Recipients(BaseModel):
    """People by their id, and e-mail addresses as somebody typed or pasted them: those that are none are told in the result."""

    people: list[UUID] = Field(default=[], max_length=MANY)
    addresses: list[Annotated[str, Field(max_length=1_000)]] = Field(default=[], max_length=MANY)
    language: Language = "en"
    """In which typed addresses are written to; people are in their own."""

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.people and not self.addresses:
            raise ValueError("name somebody: people, addresses")
        return self


class NewMailing(BaseModel):
    """`texts`: of this mailing, by default those of the pool. `dry_run`: nobody is sent anything."""

    recipients: Recipients
    texts: MailTexts | None = None
    dry_run: bool = False


class RecipientResult(BaseModel):
    """What becomes of one: a person, or a line of the addresses (the first one is 1), which is never repeated."""

    person_id: UUID | None = None
    line: int | None = None
    outcome: Outcome
    key_id: UUID | None = None


class PreviewText(BaseModel):
    subject: str
    text: str


class MailingPreview(BaseModel):
    """What sending would do, and what the first recipient would read in each language, with a stand-in for the key."""

    free: int
    needed: int
    results: list[RecipientResult]
    texts: dict[str, PreviewText]


class MailingLimits(NamedTuple):
    """`most`: recipients of one mailing. `at_once`: with more of them a job does it."""

    most: int
    at_once: int


class _Going(NamedTuple):
    """Somebody who gets a key. `result`: the place in the results."""

    result: int
    person: UUID | None
    email: str | None
    folded: str | None


class _Plan(NamedTuple):
    results: list[RecipientResult]
    going: list[_Going]


class Mailings:
    """The command, and how the job of a large one is worked on."""

    kind = KIND

    def __init__(self, ledger: TrainingKeys, limits: MailingLimits, base_url: str) -> None:
        self._ledger = ledger
        self._limits = limits
        self._pages = Pages(base_url)

    @decided_again
    @command
    def send(self, context: CommandContext, scope: Scope, pool_id: UUID, new: NewMailing) -> Receipt:
        """Everybody who can have one is allotted a free key, in one append; too few of them: nobody. Of many, by a job."""
        with self._ledger.database.connection() as conn:
            pool, texts, plan = self._prepared(conn, scope, pool_id, new)
            sending.check_enough(len(queries.free_keys(conn, pool.id, len(plan.going))), len(plan.going))
            now = clock(conn)
        id = uuid5(_MAILINGS, f"{context.actor}/{context.command_id}")
        mailing = Mailing(pool.id, context.actor, texts.model_dump(exclude_none=True), None)
        if len(plan.results) > self._limits.at_once:
            return self._start(context, id, mailing._replace(waiting=new.recipients.model_dump(mode="json")), now)
        return self._record(context, id, mailing, pool, plan, new.recipients.language)

    def preview(self, scope: Scope, pool_id: UUID, new: NewMailing, sender: UUID) -> MailingPreview:
        """What `send` would do now."""
        with self._ledger.database.connection() as conn:
            pool, texts, plan = self._prepared(conn, scope, pool_id, new)
            free = queries.free_count(conn, pool.id)
            about = self.about(conn, pool, sender)
            first = plan.going[0].person if plan.going else None
            name = (person_name(conn, first) if first else None) or ""
        values = about.values(name, STAND_IN)
        written = {str(one): texts.fill(one, values) for one in LANGUAGES if getattr(texts, one)}
        shown = {one: PreviewText(subject=text.subject, text=text.text) for one, text in written.items()}
        return MailingPreview(free=free, needed=len(plan.going), results=plan.results, texts=shown)

    def about(self, conn: Connection, pool: Pool, sender: UUID) -> About:
        """What the texts of a pool speak of."""
        name = person_name(conn, sender) or ""
        return About(pool, course(conn, pool.offering), unit_name(conn, pool.organisation) or "", name, self._pages)

    def _prepared(
        self, conn: Connection, scope: Scope, pool_id: UUID, new: NewMailing
    ) -> tuple[Pool, MailTexts, _Plan]:
        many = len(new.recipients.people) + len(new.recipients.addresses)
        if many > self._limits.most:
            raise Invalid(
                f"One mailing can have at most {self._limits.most} recipients (ROLLBOOK_KEY_MAILING_LIMIT); this one has {many}. "
                "Send several.",
                field="recipients",
            )
        pool = self._ledger.pool(conn, scope, pool_id)
        texts = (new.texts or template(conn, pool_id).texts).check()
        sending.check_pool(pool, clock(conn))
        return pool, texts, _plan(conn, pool, new.recipients)

    def _start(self, context: CommandContext, id: UUID, mailing: Mailing, now: datetime) -> Receipt:
        job, meta = uuid4(), context.meta()

        def queued(conn: Connection) -> None:
            queries.save_mailing(conn, id, mailing, now)
            jobs.enqueue(conn, job, KIND, {"pool_id": str(mailing.pool), "mailing_id": str(id)}, meta)

        return self._ledger.record(
            context, Decision((), meta), {"mailing_id": str(id), "job_id": str(job)}, also=queued
        )

    def _record(
        self, context: CommandContext, id: UUID, mailing: Mailing, pool: Pool, plan: _Plan, language: Language
    ) -> Receipt:
        with self._ledger.database.connection() as conn:
            allotted = _allot(conn, context.meta(), id, pool, plan)
            now = clock(conn)
        results = [result.model_dump(mode="json", exclude_none=True) for result in plan.results]
        counted = Counter(result.outcome for result in plan.results)

        def kept(conn: Connection) -> None:
            _keep(conn, id, mailing, allotted, language, now, list(results))

        result: dict[str, JsonValue] = {"mailing_id": str(id), "outcomes": _json(counted), "results": list(results)}
        return self._ledger.record(context, allotted.decision, result, also=kept)

    @decided_again
    def step(self, job: Job) -> None:
        """All of it: everybody or, where too few keys are free by now, nobody."""
        id = UUID(str(job.args["mailing_id"]))
        with self._ledger.database.connection() as conn:
            mailing = queries.mailing(conn, id)
            if mailing is None or mailing.waiting is None:
                raise Corrupt(f"mailing {id} does not wait")
            asked = Recipients.model_validate(mailing.waiting)
            pool = self._ledger.pool_of(mailing.pool)
            plan = _plan(conn, pool, asked)
            free, now = len(queries.free_keys(conn, pool.id, len(plan.going))), clock(conn)
            allotted = _allot(conn, job.caused_by, id, pool, plan) if free >= len(plan.going) else None
        done = mailing._replace(waiting=None)
        results: list[JsonValue] = [one.model_dump(mode="json", exclude_none=True) for one in plan.results]

        def kept(conn: Connection) -> None:
            if allotted is None:
                queries.save_mailing(conn, id, done, now, [])
                return jobs.finish(conn, job, result={"sent": 0, "needed": len(plan.going), "free": free})
            _keep(conn, id, done, allotted, asked.language, now, results)
            counted = Counter(result.outcome for result in plan.results)
            return jobs.finish(conn, job, result=_json(counted), done=len(plan.going))

        decision = allotted.decision if allotted else Decision((), job.caused_by)
        context = CommandContext.system(f"mailing/{id}", correlation=job.caused_by.correlation)
        self._ledger.record(context, decision, also=kept)


class _Allotted(NamedTuple):
    decision: Decision
    recipients: list[NewRecipient]


def _allot(conn: Connection, meta: Meta, mailing: UUID, pool: Pool, plan: _Plan) -> _Allotted:
    """A free key for each who is going; those that are allotted elsewhere meanwhile are lost, and all is decided again."""
    free = queries.free_keys(conn, pool.id, len(plan.going))
    sending.check_enough(len(free), len(plan.going))
    events: list[Event] = []
    updated: list[Row] = []
    recipients: list[NewRecipient] = []
    for key, one in zip(free, plan.going, strict=True):
        recipient = uuid4()
        events.append(sending.send(key.id, key.revision, pool, mailing, recipient, one.person))
        updated.append(Row(KEY, key._replace(revision=key.revision + 1, state="sent")))
        recipients.append(NewRecipient(recipient, key.id, one.person, one.email, one.folded, key.revision + 1))
        plan.results[one.result].key_id = key.id
    return _Allotted(Decision(tuple(events), meta, updated=tuple(updated)), recipients)


def _keep(
    conn: Connection,
    id: UUID,
    mailing: Mailing,
    allotted: _Allotted,
    language: Language,
    now: datetime,
    results: list[JsonValue],
) -> None:
    queries.save_mailing(conn, id, mailing, now, results)
    if allotted.recipients:
        queries.add(conn, mailing.pool, id, language, now, allotted.recipients)


def _plan(conn: Connection, pool: Pool, asked: Recipients) -> _Plan:
    """What becomes of each, in the order of the request: people first."""
    plan = _Plan([], [])
    seen: set[object] = set()
    below = pool.terms.share_below
    standing = queries.people(conn, pool.id, asked.people, pool.organisation, below=below)
    for person in asked.people:
        row = standing[person]
        outcome: Outcome = (
            "duplicate" if person in seen else sending.outcome(Standing(row.active, row.belongs, row.had))
        )
        seen |= {person, row.email_folded} if row.email_folded else {person}
        if outcome == "sent":
            plan.going.append(_Going(len(plan.results), person, None, None))
        plan.results.append(RecipientResult(person_id=person, outcome=outcome))
    _plan_addresses(conn, pool, asked.addresses, seen, plan)
    return plan


def _plan_addresses(conn: Connection, pool: Pool, typed: Sequence[str], seen: set[object], plan: _Plan) -> None:
    read = [_address(line) for line in typed]
    standing = queries.addresses(conn, pool.id, [fold(address) for address in read if address])
    for line, address in enumerate(read, 1):
        folded = fold(address) if address else None
        outcome: Outcome = "bad-address"
        if folded:
            known = Standing(active=True, belongs=True, had=standing[folded].had)
            outcome = "duplicate" if folded in seen else sending.outcome(known)
            seen.add(folded)
        if outcome == "sent":
            plan.going.append(_Going(len(plan.results), None, address, folded))
        plan.results.append(RecipientResult(line=line, outcome=outcome))


def _json(counted: Mapping[Outcome, int]) -> dict[str, JsonValue]:
    return {str(outcome): many for outcome, many in counted.items()}


def _address(typed: str) -> str | None:
    """As it is written to; None for what is no address."""
    try:
        return str(read_address(typed.strip()))
    except NotAnAddress:
        return None
