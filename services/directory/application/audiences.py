"""Commands on audiences (DIR-6)."""

from collections.abc import Callable, Sequence
from typing import Annotated
from uuid import UUID, uuid5

from pydantic import BaseModel, Field, JsonValue

from services.directory.application.audience_updates import RuleChange
from services.directory.application.keys import checked_key
from services.directory.application.ledger import Directory
from services.directory.application.people import known_people
from services.directory.application.structure import new_id
from services.directory.domain import audiences
from services.directory.projections import structure as queries
from services.directory.projections.tables import AUDIENCE, AUDIENCE_RULE, MEMBER, audience_row
from shared import jobs
from shared.auth import Scope
from shared.contracts.directory import AudienceRule, DateCondition
from shared.database import Connection
from shared.errors import Conflict, NotFound
from shared.folding import fold
from shared.http import check_version
from shared.limits import Country, Day, FieldName, Key, Name
from shared.limits.narrow import Narrow
from shared.store import CommandContext, Decision, Receipt, Row, command


class LimitedDateCondition(DateCondition):
    """A date field is set, and within the days given."""

    field: FieldName
    on_or_before: Day | None = None
    on_or_after: Day | None = None


class LimitedAudienceRule(AudienceRule):
    """Who is a member: an active person for whom every given condition holds. Of a list any one will do, but of `fields` all."""

    countries: tuple[Country, ...] = Field(default=(), max_length=300)
    fields: tuple[Annotated[DateCondition, Narrow(LimitedDateCondition)], ...] = Field(default=(), max_length=20)


AudienceRuleIn = Annotated[AudienceRule, Narrow(LimitedAudienceRule)]


class NewAudience(BaseModel):
    """An audience: fixed, or by a rule. Its name is not a person's."""

    name: Name
    external_id: Key | None = None
    rule: AudienceRuleIn | None = None


class Audiences:
    """Fixed and rule-based audiences. They may hold people of any organisation, so they are managed for everything."""

    def __init__(self, ledger: Directory) -> None:
        self._ledger = ledger

    @command
    def create(self, context: CommandContext, new: NewAudience) -> Receipt:
        id = new_id(context)
        external_id = checked_key(new.external_id, "external_id") if new.external_id is not None else None
        with self._ledger.database.connection() as conn:
            name = fold(new.name)
            query = "SELECT name_folded = %s FROM audience WHERE name_folded = %s OR external_id = %s"
            if taken := conn.execute(query, [name, name, external_id]).fetchone():
                field = "name" if taken[0] else "external_id"
                raise Conflict(
                    "An audience with this name or external id already exists. Choose another.",
                    field=field,
                    kind="taken",
                )
            if new.rule:
                _check_units(conn, new.rule)
        ruled = audiences.rule(id, 1, new.rule, None) if new.rule else ()
        rows: tuple[Row, ...] = (audience_row(id, 1 + len(ruled), new.name, external_id),)
        if new.rule:
            rows += (Row(AUDIENCE_RULE, (id, new.rule.model_dump_json())),)
        events = (audiences.create(id, new.name, external_id), *ruled)
        also = _judge(context, id) if ruled else None
        return self._ledger.record(
            context, Decision(events, context.meta(), inserted=rows), {"audience_id": str(id)}, also=also
        )

    @command
    def rule(self, context: CommandContext, id: UUID, rule: AudienceRule, expected: int | None) -> Receipt:
        """Another rule; the members follow in a job. Raises Stale when `expected` is not the audience's version."""
        with self._ledger.database.connection() as conn:
            audience = queries.audience(conn, id)
            if audience is None:
                raise NotFound("There is no such audience.", field="audience_id")
            _check_units(conn, rule)
        check_version(expected, audience.version)
        if audience.rule is None:
            raise Conflict(
                "The members of this audience are managed by hand. Create an audience with a rule instead.",
                field="audience_id",
                kind="audience-has-no-rule",
            )
        events = audiences.rule(id, audience.version, rule, audience.rule)
        rows = (
            audience_row(id, audience.version + len(events), audience.name, audience.external_id),
            Row(AUDIENCE_RULE, (id, rule.model_dump_json())),
        )
        decision = Decision(events, context.meta(), updated=rows if events else ())
        also = _judge(context, id) if events else None
        return self._ledger.record(context, decision, {"audience_id": str(id)}, also=also)

    @command
    def remove(self, context: CommandContext, id: UUID, expected: int | None) -> Receipt:
        """With everybody's membership. Refused while it has assignments, which are counted again under the append lock (ASG-10)."""
        with self._ledger.database.connection() as conn:
            audience = queries.audience(conn, id)
            if audience is None:
                raise NotFound("There is no such audience.", field="audience_id")
            check_version(expected, audience.version)
            assignments, members = queries.assigned(conn, id), queries.members(conn, id)
        events = audiences.remove(id, audience.version, members, assignments)
        gone = (Row(AUDIENCE, (id,)), *((Row(AUDIENCE_RULE, (id,)),) if audience.rule else ()))

        def also(conn: Connection) -> None:
            audiences.remove(id, audience.version, (), queries.assigned(conn, id))
            conn.execute("DELETE FROM audience_member WHERE audience = %s", [id])

        result: JsonValue = {"audience_id": str(id), "left": len(members)}
        return self._ledger.record(context, Decision(events, context.meta(), deleted=gone), result, also=also)

    @command
    def change_members(
        self, context: CommandContext, scope: Scope, id: UUID, add: Sequence[UUID], remove: Sequence[UUID]
    ) -> Receipt:
        """Who is a member already, or none, is left out; the answer says how many joined and left."""
        with self._ledger.database.connection() as conn:
            audience = queries.audience(conn, id)
            if audience is None:
                raise NotFound("There is no such audience.", field="audience_id")
            if audience.rule is not None:
                raise Conflict(
                    "The members of this audience are determined by its rule. Change the rule instead.",
                    field="audience_id",
                    kind="audience-has-rule",
                )
            known_people(conn, scope, add, "add")
            joined = set(add) - set(remove) - queries.members_among(conn, id, add)
            left = queries.members_among(conn, id, remove)
        events = audiences.change_members(id, audience.version, joined, left)
        row = audience_row(id, audience.version + len(events), audience.name, audience.external_id)
        decision = Decision(
            events,
            context.meta(),
            inserted=tuple(Row(MEMBER, (id, person)) for person in joined),
            updated=(row,) if events else (),
            deleted=tuple(Row(MEMBER, (id, person)) for person in left),
        )
        return self._ledger.record(
            context, decision, {"audience_id": str(id), "joined": len(joined), "left": len(left)}
        )


def _judge(context: CommandContext, id: UUID) -> Callable[[Connection], None]:
    """Everybody, by the new rule."""

    def enqueue(conn: Connection) -> None:
        job = uuid5(id, f"rule/{context.actor}/{context.command_id}")
        jobs.enqueue(conn, job, RuleChange.kind, {"audience": str(id)}, context.meta())

    return enqueue


def _check_units(conn: Connection, rule: AudienceRule) -> None:
    for kind, units in (("organisation", rule.organisations), ("position", rule.positions)):
        asked = {u.unit for u in units}
        query = "SELECT count(*) FROM unit WHERE kind = %s AND id = ANY(%s)"
        row = conn.execute(query, [kind, list(asked)]).fetchone()
        if row is None or row[0] != len(asked):
            raise NotFound(f"The rule refers to an unknown {kind}.", field=f"rule.{kind}s")
