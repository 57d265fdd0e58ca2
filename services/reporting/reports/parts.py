"""What several reports share: the columns of learners, offerings and assignments, with their joins and filters."""

from collections.abc import Iterator
from typing import Annotated, Literal, get_args
from uuid import UUID

from services.reporting.projections.standing import State
from services.reporting.reports.grammar import Column, Filter, Order, Sql, choices, part_of_name
from services.reporting.reports.moment import Moment
from services.reporting.reports.targets import LABEL, NAME, TYPE_LABELS, name_joins
from shared.auth import Scope
from shared.contracts.enrollment import AssignmentType
from shared.limits import Day, Text

PartOfName = Annotated[str, Text(200, strip=False)]
OfferingKind = Literal["course", "certification", "qualification"]
OFFERING_KINDS = get_args(OfferingKind)

LEARNER = (
    Column("person_id", UUID, always=True),
    Column("first_name", str, "n.first_name"),
    Column("last_name", str, "n.last_name"),
    Column("user_name", str, "n.user_name"),
    Column("email", str, "n.email"),
    Column("active", bool, "p.active"),
    Column("home_organisation_id", UUID, "p.home_organisation"),
    Column("home_organisation", str, "h.name"),
)
"""Names are None where their source has not told them yet, and those of today in a report on the past, too."""
OFFERING = (
    Column("offering_id", UUID, always=True),
    Column("offering_kind", str, "o.kind", OFFERING_KINDS),
    Column("offering_code", str, "o.code"),
    Column("offering_title", str, "o.title"),
)
ASSIGNMENTS = (
    Column("assignment_types", str, "t.labels"),
    Column("assignment_names", str, "t.names"),
)
"""Of several assignments: their types and their names, in alphabetical order with commas (RPT-2)."""


def _holding(table: str, alias: str, key: str) -> Sql:
    return lambda moment: f"LEFT JOIN {table} {alias} ON {key} AND {moment.holds(alias)}"


PROFILE = "LEFT JOIN profile n ON n.person_id = m.person_id"
OFFERED: Sql = _holding("offering", "o", "o.offering_id = m.offering_id")
PERSON: Sql = _holding("person", "p", "p.person_id = m.person_id")
HOME: Sql = _holding("unit", "h", "h.unit_id = p.home_organisation")
WHOM: dict[str, Sql] = {"o": OFFERED, "p": PERSON, "h": HOME, "n": PROFILE}
"""The joins of `LEARNER` and `OFFERING`."""


def assignments(rows: str) -> Sql:
    """The join `t` of `ASSIGNMENTS`: `rows` are those of a table `x`, of which only `assignment_id` counts, after FROM."""
    return lambda moment: (
        "LEFT JOIN LATERAL (SELECT string_agg(DISTINCT y.label, ', ' ORDER BY y.label) AS labels, "
        "string_agg(DISTINCT y.name, ', ' ORDER BY y.name) AS names FROM ("
        f"SELECT {LABEL} AS label, {NAME} AS name FROM {rows.format(x=moment.holds('x'), until=moment.until('x'))} "
        f"JOIN assignment a ON a.assignment_id = x.assignment_id {name_joins(moment)}) y) t ON true"
    )


BY_PERSON = Order("coalesce(n.sorted, '')", joins=("n",))
BY_OFFERING = Order("coalesce(o.title, '')", joins=("o",))


def id_filter(name: str, refers: str, about: str = "") -> Filter:
    return Filter(name, UUID, f"m.{name} = %({name})s", "id", about, refers=refers)


OFFERING_FILTER = id_filter("offering_id", "offering")
PERSON_FILTER = id_filter("person_id", "person")
ORGANISATION_FILTER = Filter(
    "organisation_id",
    UUID,
    lambda moment: at_home_in("CAST(%(organisation_id)s AS uuid)", moment),
    "id",
    "Home organisation at that time, including everything below it",
    refers="organisation",
)
NAME_FILTER = Filter(
    "name",
    PartOfName,
    "m.person_id IN (SELECT n.person_id FROM profile n WHERE n.called LIKE %(name)s)",
    "text",
    "Part of 'first last', in upper or lower case",
    personal=True,
    values=part_of_name,
)
TYPES: tuple[AssignmentType, ...] = tuple(TYPE_LABELS)


def type_filter(sql: Sql) -> Filter:
    """By assignment type: any of the row's assignments has one of these."""
    return Filter("type", AssignmentType, sql, "choice", "Assignment types (RPT-2)", choices(AssignmentType))


def held_by(assignments: Sql) -> Filter:
    """Whether one of these assignments is of the type."""
    return type_filter(
        lambda moment: (
            "EXISTS (SELECT FROM assignment a WHERE a.type = ANY(%(type)s) AND a.assignment_id IN "
            f"({assignments if isinstance(assignments, str) else assignments(moment)}))"
        )
    )


HELD_BY: Sql = lambda moment: (  # noqa: E731
    "SELECT x.assignment_id FROM membership x WHERE x.person_id = m.person_id AND x.offering_id = m.offering_id "
    f"AND {moment.holds('x')}"
)
STATES = get_args(State)
STATE_FILTER = Filter("state", State, "m.state = ANY(%(state)s)", "choice", "", STATES)


def day_filters(name: str, column: str, *, instant: bool = False) -> tuple[Filter, Filter]:
    """The first and the last day on which something is; an instant in UTC."""
    first, last = f"{name}_from", f"{name}_until"
    if instant:
        after = f"{column} >= %({first})s::date::timestamp AT TIME ZONE 'UTC'"
        before = f"{column} < (%({last})s::date + 1)::timestamp AT TIME ZONE 'UTC'"
    else:
        after, before = f"{column} >= %({first})s::date", f"{column} <= %({last})s::date"
    return (
        Filter(first, Day, after, "day", "The first day"),
        Filter(last, Day, before, "day", "The last day"),
    )


def flag_filter(name: str, sql: Sql) -> Filter:
    def asked(moment: Moment) -> str:
        return f"coalesce({sql if isinstance(sql, str) else sql(moment)}, false) = %({name})s"

    return Filter(name, bool, asked, "yes-or-no")


def learners(scope: Scope) -> Iterator[str]:
    """The learner's home organisation today is in the caller's scope; uses the value `scope`."""
    if not scope.everything:
        yield at_home_in("unnest(%(scope)s::uuid[])", Moment())


def below(organisations: str, moment: Moment) -> str:
    """These organisations and everything below them at that moment."""
    return (
        f"WITH RECURSIVE below (id) AS (SELECT {organisations} UNION "
        f"SELECT u.unit_id FROM unit u JOIN below ON u.parent = below.id WHERE {moment.holds('u')}) "
        "SELECT id FROM below"
    )


def at_home_in(organisations: str, moment: Moment, person: str = "m.person_id") -> str:
    """Somebody's home organisation is one of these, or below one of them, at that moment."""
    return (
        f"{person} IN (SELECT p.person_id FROM person p WHERE {moment.holds('p')} AND p.home_organisation IN ("
        f"{below(organisations, moment)}))"
    )


def visible(person: str) -> str:
    """Somebody who is no learner of the row is shown only where the scope reaches them, too."""
    return f"(%(everything)s OR {at_home_in('unnest(%(scope)s::uuid[])', Moment(), person)})"


def overdue(alias: str, moment: Moment) -> str:
    """The day on which an open term is due was over at that moment, in UTC, and it is not completed."""
    return f"({alias}.live AND {alias}.state <> 'completed' AND {alias}.due_on < {moment.day})"
