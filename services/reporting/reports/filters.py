"""Which memberships a report shows: what was asked for, and what the caller may see (SEC-2)."""

from collections.abc import Iterator
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.reporting.projections.standing import State
from services.reporting.reports.moment import Moment, Values
from shared.auth import Scope
from shared.contracts.enrollment import AssignmentType
from shared.folding import fold
from shared.limits import AsOf, Text


class Filters(BaseModel):
    """Every filter narrows; several values of one are alternatives. None of them is personal, so they may be in an address."""

    model_config = ConfigDict(extra="forbid")

    offering_id: UUID | None = None
    organisation_id: UUID | None = Field(None, description="Home organisation at that moment, with everything below it")
    assignment_id: UUID | None = None
    person_id: UUID | None = None
    type: list[AssignmentType] = Field(default_factory=list, max_length=50, description="Assignment types (RPT-2)")
    state: list[State] = Field(default_factory=list, max_length=50)
    as_of: AsOf | None = Field(None, description="A date (its end, UTC) or a time with offset; empty: now (RPT-7)")


PartOfName = Annotated[str, Text(200, strip=False)]


class NamedFilters(Filters):
    """With a part of a person's name, which may be in a body only, never in an address."""

    name: PartOfName | None = Field(None, description="A part of 'first last', any case")


def conditions(filters: Filters, moment: Moment, scope: Scope) -> tuple[str, Values]:
    """The WHERE clause on `membership m`, and its values. The permission is one of the conditions, in every query."""
    values: dict[str, object] = {**moment.values, "scope": list(scope.organisations)}
    for field in ("offering_id", "organisation_id", "assignment_id", "person_id", "type", "state"):
        values[field] = getattr(filters, field)
    if isinstance(filters, NamedFilters) and filters.name:
        values["name"] = f"%{_literal(fold(filters.name))}%"
    return " AND ".join(_conditions(filters, moment, scope, named="name" in values)), values


def permitted(scope: Scope) -> Iterator[str]:
    """The learner's home organisation today is in the caller's scope; uses the value `scope`."""
    if not scope.everything:
        yield _at_home_in("unnest(%(scope)s::uuid[])", Moment())


def _conditions(filters: Filters, moment: Moment, scope: Scope, *, named: bool) -> Iterator[str]:
    yield moment.holds("m")
    yield from permitted(scope)
    if filters.organisation_id:
        yield _at_home_in("CAST(%(organisation_id)s AS uuid)", moment)
    for column in ("offering_id", "assignment_id", "person_id"):
        if getattr(filters, column):
            yield f"m.{column} = %({column})s"
    if filters.type:
        yield "m.assignment_id IN (SELECT a.assignment_id FROM assignment a WHERE a.type = ANY(%(type)s))"
    if filters.state:
        yield (
            "EXISTS (SELECT FROM standing s WHERE s.enrollment_id = m.enrollment_id "
            f"AND s.state = ANY(%(state)s) AND {moment.holds('s')})"
        )
    if named:
        yield "m.person_id IN (SELECT n.person_id FROM profile n WHERE n.called LIKE %(name)s)"


def _at_home_in(organisations: str, moment: Moment) -> str:
    """The learner's home organisation is one of these, or below one of them, at that moment."""
    return (
        f"m.person_id IN (SELECT p.person_id FROM person p WHERE {moment.holds('p')} AND p.home_organisation IN ("
        f"WITH RECURSIVE below (id) AS (SELECT {organisations} UNION "
        f"SELECT u.unit_id FROM unit u JOIN below ON u.parent = below.id WHERE {moment.holds('u')}) "
        "SELECT id FROM below))"
    )


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
