"""P10: a page of the membership report over a million enrollments, filtered, against the same question in SQL by hand."""

import random
import time
from contextlib import closing
from hashlib import md5
from uuid import UUID

import psycopg

from benchmarks.harness import Bench, Goal, Pair, Result, percentile, result
from services.reporting.main import PACKAGE
from services.reporting.reports.membership import MEMBERSHIP
from services.reporting.reports.reading import Question, Reports, Viewer
from shared.auth import Scope
from shared.database import Database
from shared.settings import Settings
from shared.streams import Streams

ID, GOAL, SIZE, ROUNDS = "P10", Goal("<=", 3.0), 1_000_000, 5
_ORGANISATIONS = 1_000
_COURSES = 100
_PAGES = 100
_PAGE = 50
_WARM = 10

_FILL = """
INSERT INTO unit (position, unit_id, kind, framework, parent, name, valid_from)
SELECT n, md5('unit ' || n)::uuid, 'organisation', md5('framework')::uuid,
    CASE WHEN n > 1 THEN md5('unit ' || n / 10)::uuid END, 'Organisation ' || n, now()
FROM generate_series(1, %(organisations)s) AS n;
INSERT INTO person (position, person_id, home_organisation, active, valid_from)
SELECT 10000000 + n, md5('person ' || n)::uuid, md5('unit ' || 1 + n %% %(organisations)s)::uuid, true, now()
FROM generate_series(1, %(people)s) AS n;
INSERT INTO profile (person_id, revision, first_name, last_name, email, user_name, first_name_folded, last_name_folded)
SELECT md5('person ' || n)::uuid, 1, 'First' || n, 'Last' || n, n || '@example.com', 'user' || n, 'first' || n, 'last' || n
FROM generate_series(1, %(people)s) AS n;
INSERT INTO offering (position, offering_id, kind, code, title, active, valid_from)
SELECT n, md5('course ' || n)::uuid, 'course', 'C' || n, 'Course ' || n, true, now() FROM generate_series(1, %(courses)s) AS n;
INSERT INTO assignment (position, assignment_id, offering_id, type, target_id, include_below, valid_from)
SELECT n, md5('assignment ' || n)::uuid, md5('course ' || n)::uuid, 'organisation', md5('unit 1')::uuid, true, now()
FROM generate_series(1, %(courses)s) AS n;
INSERT INTO membership (position, enrollment_id, person_id, offering_id, assignment_id, term, valid_from)
SELECT 1000 + n, md5('enrollment ' || n)::uuid, md5('person ' || 1 + n %% %(people)s)::uuid,
    md5('course ' || 1 + n / %(people)s)::uuid,
    md5('assignment ' || 1 + n / %(people)s)::uuid, 1, now() FROM generate_series(0, %(size)s - 1) AS n;
INSERT INTO standing
    (position, enrollment_id, person_id, offering_id, term, live, begun, without_source, completed, state, valid_from)
SELECT position, enrollment_id, person_id, offering_id, 1, true, position %% 3 > 0, false, position %% 3 = 2,
    (ARRAY['not-started', 'in-progress', 'completed'])[1 + position %% 3], valid_from FROM membership;
"""

_BY_HAND = """
WITH RECURSIVE below (id) AS (
    SELECT %(organisation)s::uuid
    UNION SELECT u.unit_id FROM unit u JOIN below ON u.parent = below.id WHERE u.valid_to IS NULL
), chosen AS MATERIALIZED (
    SELECT m.* FROM membership m
    WHERE m.valid_to IS NULL AND m.offering_id = %(offering)s AND m.position < %(before)s
      AND m.person_id IN (
        SELECT p.person_id FROM person p WHERE p.valid_to IS NULL AND p.home_organisation IN (SELECT id FROM below))
      AND EXISTS (SELECT FROM standing s WHERE s.enrollment_id = m.enrollment_id AND s.valid_to IS NULL AND s.state = %(state)s)
    ORDER BY m.position DESC LIMIT %(limit)s
)
SELECT m.enrollment_id, m.person_id, n.first_name, n.last_name, n.user_name, n.email, p.active, p.home_organisation, h.name,
    m.offering_id, o.kind, o.code, o.title, m.assignment_id, a.type, a.type, tu.name, a.include_below, m.term, s.state,
    m.valid_from, m.position
FROM chosen m
LEFT JOIN standing s ON s.enrollment_id = m.enrollment_id AND s.valid_to IS NULL
LEFT JOIN assignment a ON a.assignment_id = m.assignment_id
LEFT JOIN offering o ON o.offering_id = m.offering_id AND o.valid_to IS NULL
LEFT JOIN person p ON p.person_id = m.person_id AND p.valid_to IS NULL
LEFT JOIN unit h ON h.unit_id = p.home_organisation AND h.valid_to IS NULL
LEFT JOIN profile n ON n.person_id = m.person_id
LEFT JOIN unit tu ON tu.unit_id = a.target_id AND tu.valid_to IS NULL
ORDER BY m.position DESC
"""


def run(bench: Bench) -> Result:
    size = bench.size or SIZE
    template = bench.template(f"report of {size}", lambda info: fill(info, size), PACKAGE)
    with bench.database(template) as info, closing(Database(info, max_size=2)) as database:
        report = Reports(database, Streams(Settings(database_url=info), "benchmark"))
        pairs = []
        for number in range(bench.rounds or ROUNDS):
            chance = random.Random(number)
            asked = [
                (UUID(int=0), chance.randint(1, 100), chance.randint(1, max(1, size // people(size))))
                for _ in range(_PAGES + _WARM)
            ]
            ours = [page(report, unit, course) for _, unit, course in asked][_WARM:]
            with psycopg.connect(info, autocommit=True) as conn:
                conn.execute("SET jit = off")
                by_hand = [ask(conn, unit, course) for _, unit, course in asked][_WARM:]
            pairs.append(Pair(percentile(ours, 0.99) * 1000, percentile(by_hand, 0.99) * 1000))
    return result(
        ID,
        "a page of the report, p99 / the same SQL by hand",
        GOAL,
        pairs,
        "ms",
        enrollments=size,
        pages=_PAGES,
        page=_PAGE,
        filters="organisation and below, course, state",
    )


def people(size: int) -> int:
    return max(1, size // _COURSES * 10)


def fill(info: str, size: int) -> None:
    values = {"organisations": _ORGANISATIONS, "courses": _COURSES, "people": people(size), "size": size}
    with psycopg.connect(info) as conn, psycopg.ClientCursor(conn) as cursor:
        cursor.execute(_FILL.encode(), values)


def _id(name: str) -> UUID:
    """As `_FILL` makes them."""
    return UUID(md5(name.encode(), usedforsecurity=False).hexdigest())


def page(report: Reports, unit: int, course: int) -> float:
    """Seconds for the first page and the one after it, halved."""
    given = {"organisation_id": _id(f"unit {unit}"), "offering_id": _id(f"course {course}"), "state": ["completed"]}
    question, viewer = Question(given), Viewer(Scope(everything=True))
    began = time.perf_counter()
    first = report.page(MEMBERSHIP, question, viewer, None, _PAGE)
    if first.next:
        report.page(MEMBERSHIP, question, viewer, first.next, _PAGE)
        return (time.perf_counter() - began) / 2
    return time.perf_counter() - began


def ask(conn: "psycopg.Connection[tuple[object, ...]]", unit: int, course: int) -> float:
    """The same pages, with nothing around the statement."""
    values = {
        "organisation": _id(f"unit {unit}"),
        "offering": _id(f"course {course}"),
        "state": "completed",
        "before": 2**62,
        "limit": _PAGE + 1,
    }
    began = time.perf_counter()
    rows = conn.execute(_BY_HAND.encode(), values, binary=True).fetchall()
    if len(rows) > _PAGE:
        conn.execute(_BY_HAND.encode(), {**values, "before": rows[_PAGE - 1][-1]}, binary=True).fetchall()
        return (time.perf_counter() - began) / 2
    return time.perf_counter() - began
