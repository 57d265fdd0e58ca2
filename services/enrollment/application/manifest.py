"""Groups and triggers as code: the difference between a file and what is there, and making it so in one batch (CAT-16)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from services.enrollment.application import manifest_differences
from services.enrollment.application.assignments.commands import AssignmentCommands, open_offering
from services.enrollment.application.assignments.edits import AssignmentEdits
from services.enrollment.application.due_rules import DueRuleIn
from services.enrollment.application.evaluation import evaluate
from services.enrollment.application.group_names import GroupExists
from services.enrollment.application.groups import GroupCommands, GroupIn
from services.enrollment.application.ledger import Enrollments
from services.enrollment.application.triggers import TriggerCommands, TriggerIn
from services.enrollment.projections import groups, offerings, triggers
from services.enrollment.projections.groups import LiveGroup
from services.enrollment.projections.tables import AssignmentRow, TriggerRow, assignments
from shared.contracts.enrollment import DueRule, TriggerCondition, TriggerKind
from shared.database import Connection
from shared.differences import differences
from shared.errors import Invalid
from shared.folding import fold
from shared.limits import Code, Day, Days, FieldName, Name
from shared.store import CommandContext, Decision, Receipt

COMING = UUID(int=0)
"""Stands for an offering or a job role that the same file creates, in a dry run."""


class ListedGroup(GroupIn):
    """`offering` is a code. A group is found again by the offering and its name."""

    model_config = ConfigDict(extra="forbid")

    offering: Code


class ListedCondition(BaseModel):
    """As a trigger's condition; job roles and offerings are codes, organisations, positions and audiences ids."""

    model_config = ConfigDict(extra="forbid")

    kind: TriggerKind
    target_id: UUID | None = None
    job_role: Code | None = None
    offering: Code | None = None
    include_below: bool = False
    field: FieldName | None = None
    on_or_after: Day | None = None
    on_or_before: Day | None = None


class ListedTrigger(BaseModel):
    """`offering` or `job_role` is a code. A trigger is found again by its name; one that differs takes the place of the old one."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    when: ListedCondition
    offering: Code | None = None
    job_role: Code | None = None
    undo: bool = False
    access_days: Days | None = None
    due: DueRuleIn | None = None
    required: bool | None = None
    """`access_days`, `due`, `required`: of its assignment of an offering."""


class Manifest(BaseModel):
    """What is not in the file stays as it is. `coming`: codes of offerings and job roles that the same file creates."""

    model_config = ConfigDict(extra="forbid")

    groups: list[ListedGroup] = Field(default_factory=list, max_length=2_000)
    triggers: list[ListedTrigger] = Field(default_factory=list, max_length=2_000)
    coming: list[Code] = Field(default_factory=list, max_length=4_000)


class _Codes(NamedTuple):
    """Ids by folded code."""

    offerings: dict[str, UUID]
    job_roles: dict[str, UUID]


class ManifestApplier:
    def __init__(
        self,
        ledger: Enrollments,
        assigning: AssignmentCommands,
        grouping: GroupCommands,
        editing: AssignmentEdits,
        triggers: TriggerCommands,
    ) -> None:
        self._ledger = ledger
        self._assigning = assigning
        self._grouping = grouping
        self._editing = editing
        self._triggers = triggers

    def apply(self, context: CommandContext, file: Manifest, *, dry_run: bool) -> Receipt:
        """Checked first, then made so one after another in one batch; sent again after an interruption, it goes on.

        The result lists each group and trigger as created, changed, replaced or unchanged.
        """
        if not dry_run and (earlier := self._ledger.find_receipt(context)):
            return earlier
        _check_names(file)
        with self._ledger.database.connection() as conn:
            codes = _codes(conn, file, dry_run=dry_run)
            found = [self._group(conn, one, codes) for one in file.groups]
            wanted = [_trigger(one, codes) for one in file.triggers]
            there = [next(iter(triggers.live(conn, one.name)), None) for one in wanted]
            names = _names(conn, wanted, there, codes)
            kinds = {
                id: fact.kind
                for id, fact in offerings.offerings(conn, [t.offering_id for t in wanted if t.offering_id]).items()
            }
            wanted = [_said(one, kinds) for one in wanted]
            rows = assignments(conn, [old.assignment for old in there if old and old.assignment])
            same = [old is not None and _same(t, old, rows) for t, old in zip(wanted, there, strict=True)]
            fresh = [t for t, unchanged in zip(wanted, same, strict=True) if not unchanged]
            replaced = [old.id for old, unchanged in zip(there, same, strict=True) if old and not unchanged]
            self._triggers.check(conn, [t for t in fresh if not _coming(t)], replaced)
        items: list[JsonValue] = []
        for one, (offering, group) in zip(file.groups, found, strict=True):
            items.append(self._apply_group(context, one, offering, group, dry_run=dry_run))
        for trigger, old, unchanged in zip(wanted, there, same, strict=True):
            changes = (
                []
                if unchanged
                else differences(
                    manifest_differences.trigger_there(old, rows, names) if old else None,
                    manifest_differences.trigger(trigger, names),
                )
            )
            item: dict[str, JsonValue] = {
                "changes": changes,
                "warnings": self._flagged(trigger.offering_id, trigger.due),
            }
            items.append(item | self._apply_trigger(context, trigger, old, unchanged=unchanged, dry_run=dry_run))
        result: JsonValue = {"items": items, "dry_run": dry_run}
        if dry_run:
            return Receipt(position=None, batch=context.correlation, result=result)
        return self._ledger.record(context, Decision((), context.meta()), result)

    def _group(self, conn: Connection, listed: ListedGroup, codes: _Codes) -> tuple[UUID, LiveGroup | None]:
        """Its offering, and the group that is there."""
        offering = codes.offerings[fold(listed.offering)]
        found = next(iter(groups.named(conn, offering, listed.name)), None)
        if found is None and offering != COMING:
            open_offering(conn, offering)
        return offering, found

    def _apply_group(
        self, context: CommandContext, listed: ListedGroup, offering: UUID, before: LiveGroup | None, *, dry_run: bool
    ) -> dict[str, JsonValue]:
        part = replace(context, command_id=f"{context.command_id}/group/{offering}/{listed.name}")
        wanted = GroupIn(**listed.model_dump(exclude={"offering"}))
        if before is None and not dry_run:
            before = self._make_group(part, offering, wanted)
        there = (
            GroupIn(**{n: getattr(before.row, n) for n in GroupIn.model_fields if n != "due"}, due=before.due_rule)
            if before
            else None
        )
        if before and there and not dry_run:
            self._change_group(part, before, there, wanted)
        changes = differences(manifest_differences.group(there) if there else None, manifest_differences.group(wanted))
        outcome = "created" if there is None else "changed" if changes else "unchanged"
        told: dict[str, JsonValue] = {
            "code": f"{listed.offering}/{listed.name}",
            "outcome": outcome,
            "changes": changes,
        }
        return {"kind": "group", **told, "warnings": self._flagged(offering, wanted.due)}

    def _make_group(self, part: CommandContext, offering: UUID, wanted: GroupIn) -> LiveGroup | None:
        """The group of that name that another file has made meanwhile, if one has."""
        try:
            self._grouping.create(part, offering, wanted)
        except GroupExists as refusal:
            return self._grouping.find(UUID(str(refusal.extra["existing"])))
        return None

    def _change_group(self, part: CommandContext, before: LiveGroup, there: GroupIn, wanted: GroupIn) -> None:
        if there.model_dump(exclude={"due"}) != wanted.model_dump(exclude={"due"}):
            self._grouping.edit(part, before.row.assignment, wanted.model_copy(update={"due": there.due}))
        if there.due != wanted.due:
            due = replace(part, command_id=f"{part.command_id}/due")
            self._editing.set_due_rule(due, self._assigning.find(before.row.assignment), wanted.due)

    def _flagged(self, offering: UUID | None, due: DueRule | None) -> list[JsonValue]:
        """Due rules that can never be met (DUE-4); of an offering that the same file creates nothing is known yet."""
        if offering is None or due is None:
            return []
        with self._ledger.database.connection() as conn:
            return [*evaluate.flagged(conn, evaluate.offerings(conn, [offering]).get(offering), due)]

    def _apply_trigger(
        self, context: CommandContext, wanted: TriggerIn, before: TriggerRow | None, *, unchanged: bool, dry_run: bool
    ) -> dict[str, JsonValue]:
        """One that differs is stopped, and what it gave stays."""
        outcome = "unchanged" if unchanged else "replaced" if before else "created"
        if outcome != "unchanged" and not dry_run:
            part = replace(context, command_id=f"{context.command_id}/trigger/{wanted.name}")
            if before:
                stop = replace(part, command_id=f"{part.command_id}/stop")
                self._triggers.stop(stop, before.id, take_back=False, reason=None)
            self._triggers.create(part, wanted)
        return {"kind": "trigger", "code": wanted.name, "outcome": outcome}


def _codes(conn: Connection, file: Manifest, *, dry_run: bool) -> _Codes:
    """Raises Invalid for a code that is nowhere."""
    named = [one.offering for one in file.groups]
    named += [code for one in file.triggers for code in (one.offering, one.when.offering) if code]
    roles = [code for one in file.triggers for code in (one.job_role, one.when.job_role) if code]
    known_offerings = {code: fact.id for code, fact in offerings.by_code(conn, named).items()}
    codes = _Codes(known_offerings, triggers.roles_by_code(conn, roles))
    coming = {fold(code) for code in file.coming} if dry_run else set()
    for field, asked, known in (("offering", named, codes.offerings), ("job_role", roles, codes.job_roles)):
        missing = sorted({code for code in asked if fold(code) not in known} - {c for c in asked if fold(c) in coming})
        if missing:
            raise Invalid(f"These codes are not in the catalog: {', '.join(missing)}.", field=field)
        known.update({fold(code): COMING for code in asked if fold(code) not in known})
    return codes


def _check_names(file: Manifest) -> None:
    for field, names in (
        ("groups", [fold(f"{one.offering}/{one.name}") for one in file.groups]),
        ("triggers", [one.name for one in file.triggers]),
    ):
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise Invalid(f"These appear more than once in the file: {', '.join(twice)}.", field=field)


def _trigger(listed: ListedTrigger, codes: _Codes) -> TriggerIn:
    when = listed.when
    if sum(one is not None for one in (when.target_id, when.job_role, when.offering)) > 1:
        raise Invalid(f"The trigger '{listed.name}' has more than one target in its condition.", field="triggers")
    target = when.target_id
    target = codes.job_roles[fold(when.job_role)] if when.job_role else target
    target = codes.offerings[fold(when.offering)] if when.offering else target
    try:
        condition = TriggerCondition(
            **when.model_dump(exclude={"target_id", "job_role", "offering"}, exclude_defaults=True), target_id=target
        )
    except ValueError as error:
        raise Invalid(f"The trigger '{listed.name}': {error}.", field="triggers") from error
    shared = {name: getattr(listed, name) for name in listed.model_fields_set & {"access_days", "due", "required"}}
    return TriggerIn(
        name=listed.name,
        when=condition,
        offering_id=codes.offerings[fold(listed.offering)] if listed.offering else None,
        job_role_id=codes.job_roles[fold(listed.job_role)] if listed.job_role else None,
        undo=listed.undo,
        **shared,
    )


def _said(wanted: TriggerIn, kinds: Mapping[UUID, str]) -> TriggerIn:
    """A qualification is optional unless the file says required (ASG-11)."""
    optional = wanted.required is None and wanted.offering_id and kinds.get(wanted.offering_id) == "qualification"
    return wanted.model_copy(update={"required": False}) if optional else wanted


def _coming(wanted: TriggerIn) -> bool:
    """It hangs on something that is not there yet: nothing more can be checked in a dry run."""
    return COMING in (wanted.offering_id, wanted.job_role_id, wanted.when.target_id)


def _names(
    conn: Connection, wanted: Sequence[TriggerIn], there: Sequence[TriggerRow | None], codes: _Codes
) -> manifest_differences.Names:
    """Of all that these triggers name."""
    old = [id for row in there if row for id in (row.offering, row.job_role, row.target) if id]
    ids = {*old, *(id for t in wanted for id in (t.offering_id, t.job_role_id, t.when.target_id) if id)}
    coming = {id: code.upper() for code, id in (*codes.offerings.items(), *codes.job_roles.items())}
    roles = {id: role.code for id, role in triggers.job_roles(conn, list(ids)).items()}
    return coming | roles | {id: fact.code for id, fact in offerings.offerings(conn, ids).items()}


def _same(wanted: TriggerIn, there: TriggerRow, rows: Mapping[UUID, AssignmentRow]) -> bool:
    given = (there.when, there.offering, there.job_role, there.undo)
    if (wanted.when, wanted.offering_id, wanted.job_role_id, wanted.undo) != given:
        return False
    if there.assignment is None:
        return True
    row = rows[there.assignment]
    due = wanted.due.model_dump_json() if wanted.due else None
    shared = (wanted.access_days, due, wanted.required is not False)
    return shared == (row.access_days, row.due, row.required)
