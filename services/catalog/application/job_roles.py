"""Commands on job roles, and job roles in a file (CAT-10, CAT-16)."""

from collections.abc import Mapping, Sequence
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from services.catalog.application.offerings import Catalog
from services.catalog.domain import job_roles as job_role_rules
from services.catalog.domain.job_roles import Description, JobRole
from services.catalog.projections import job_roles, offerings
from services.catalog.projections.job_roles import JOB_ROLE, JobRoleRow
from shared.contracts.catalog import LinkedQualification
from shared.errors import Conflict, Invalid, NotFound
from shared.events import Event
from shared.folding import fold
from shared.http import check_version
from shared.limits import Code, Name
from shared.limits import Description as Words
from shared.store import CommandContext, Decision, Receipt, Row, command


class _Named(BaseModel):
    model_config = ConfigDict(extra="forbid")

    code: Code = Field(description="Unique regardless of case")
    name: Name
    description: Words = ""


class Link(BaseModel):
    """A qualification that goes with the job role: optional unless it says required (ASG-11)."""

    model_config = ConfigDict(extra="forbid")

    qualification_id: UUID
    required: bool = False


class JobRoleIn(_Named):
    """A job role, whole, with zero or more qualifications (CAT-10)."""

    qualifications: tuple[Link, ...] = Field(default=(), max_length=200)

    def described(self) -> Description:
        links = tuple(LinkedQualification(**link.model_dump()) for link in self.qualifications)
        return Description(self.code, self.name, self.description, links)


class LinkIn(BaseModel):
    """A link in a file; `qualification` is a code."""

    model_config = ConfigDict(extra="forbid")

    qualification: Code
    required: bool = False


class ListedJobRole(_Named):
    qualifications: list[LinkIn] = Field(default_factory=list, max_length=200)

    def of(self, ids: Mapping[str, UUID]) -> Description:
        """`ids` by folded code."""
        links = tuple(
            LinkedQualification(qualification_id=ids[fold(link.qualification)], required=link.required)
            for link in self.qualifications
        )
        return Description(self.code, self.name, self.description, links)


class JobRoles:
    """One stream for each job role, in the catalog's ledger."""

    def __init__(self, catalog: Catalog) -> None:
        self._ledger = catalog

    @command
    def describe(
        self, context: CommandContext, wanted: JobRoleIn, id: UUID | None = None, expected: int | None = None
    ) -> Receipt:
        """Create a job role, or replace `id` whole. Codes are unique."""
        state = self.find(id) if id else None
        if state:
            check_version(expected, state.version)
        self._check(wanted, id)
        fresh = uuid5(context.actor, f"job-role/{context.command_id}")
        return self._write(context, state, job_role_rules.describe(state, id or fresh, wanted.described()))

    @command
    def remove(self, context: CommandContext, id: UUID, expected: int | None) -> Receipt:
        state = self.find(id)
        check_version(expected, state.version)
        return self._write(context, state, job_role_rules.remove(state))

    def find(self, id: UUID) -> JobRole:
        """Raises NotFound, also for one that was removed."""
        state = self._ledger.load(id, job_role_rules.evolve)
        if state is None or state.removed:
            raise NotFound("There is no such job role. GET /api/catalog/job-roles lists them.", field="job_role_id")
        return state

    def _write(self, context: CommandContext, state: JobRole | None, events: list[Event]) -> Receipt:
        after = evolved(state, events)
        result: dict[str, JsonValue] = {"id": str(after.id), "version": after.version}
        return self._ledger.record(context, decision(context, state, after, events), result)

    def _check(self, wanted: JobRoleIn, id: UUID | None) -> None:
        linked = {link.qualification_id for link in wanted.qualifications}
        with self._ledger.database.connection() as conn:
            known = job_roles.by_code(conn, [wanted.code]).get(fold(wanted.code))
            found = {o for o, row in offerings.by_id(conn, linked).items() if row.kind == "qualification"}
        if known and known != id:
            raise Conflict(
                f"The code '{wanted.code}' is already used by another job role. Choose another code, or edit that job role.",
                field="code",
                kind="code-taken",
                job_role_id=str(known),
            )
        if linked - found:
            raise Invalid(
                "A job role can link only qualifications in the catalog. These are not:  "
                f"{', '.join(sorted(map(str, linked - found)))}.",
                field="qualifications",
            )


def evolved(state: JobRole | None, events: Sequence[Event]) -> JobRole:
    """The job role after these events."""
    for event in events:
        state = job_role_rules.evolve(state, event)
    assert state is not None
    return state


def decision(context: CommandContext, before: JobRole | None, after: JobRole, events: Sequence[Event]) -> Decision:
    """Events together with the row of the list, which goes with the job role."""
    if not events:
        return Decision((), context.meta())
    if after.removed:
        return Decision(tuple(events), context.meta(), deleted=(Row(JOB_ROLE, (after.id,)),))
    linked = [link.qualification_id for link in after.described.qualifications]
    code, name = after.described.code, after.described.name
    row = Row(JOB_ROLE, JobRoleRow(after.id, after.version, code, name, linked, fold(code), fold(name)))
    return Decision(tuple(events), context.meta(), inserted=() if before else (row,), updated=(row,) if before else ())
