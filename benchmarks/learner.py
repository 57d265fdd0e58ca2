"""A store in which one learner has many enrollments, and others have the rest of them on the same courses."""

from typing import NamedTuple
from uuid import UUID

from psycopg import ClientCursor
from psycopg.types.json import Jsonb

from benchmarks.company import ORGANISATION, STEPS
from shared.contracts.enrollment import EnrollmentCompleted, LearnerAssigned, TrainingBegun
from shared.database import Connection

LEARNER = UUID("00000000-0000-4000-a000-000000000001")


class Learning(NamedTuple):
    """`own`: courses of the learner, and of everybody else; `others`: enrollments of these. `various`: a third of them has
    not begun, a third has begun, a third has completed; else nobody has begun."""

    own: int
    others: int
    various: bool = False


_FACTS = """
INSERT INTO unit_fact (id, revision, kind, parent, name) VALUES (%(organisation)s, 1, 'organisation', NULL, 'Northwind');
INSERT INTO unit_above (unit, above) VALUES (%(organisation)s, %(organisation)s);
INSERT INTO person_fact (id, revision, active, home)
SELECT md5('person ' || n)::uuid, 1, true, %(organisation)s::uuid FROM generate_series(1, %(people)s) AS n
UNION ALL SELECT %(learner)s, 1, true, %(organisation)s;
CREATE TEMPORARY TABLE course ON COMMIT DROP AS
SELECT n, md5('course ' || n)::uuid AS id, CASE WHEN %(various)s THEN n %% 3 ELSE 0 END AS stage
FROM generate_series(1, %(own)s) AS n;
INSERT INTO offering_fact (id, revision, kind, title, title_folded, active, published, steps, notifications, certificate, badge)
SELECT id, 1, 'course', 'Course ' || n, 'course ' || n, true, 1, %(steps)s, '{}', stage = 2,
    CASE WHEN stage = 2 AND n %% 9 = 2 THEN 'Badge ' || n END FROM course;
INSERT INTO offering_text (id, revision, description) SELECT id, 1, 'What course ' || n || ' is about.' FROM course;
INSERT INTO assignment (id, revision, offering, type, target, include_below, live, batch, created_at, due)
SELECT id, 1, id, 'organisation', %(organisation)s, true, true, id, now(), %(due)s FROM course;
"""
_ENROLLMENTS = """
INSERT INTO enrollment
    (id, revision, person, offering, term, live, begun, unsourced, steps, due, completed_version, completed_at, serial)
SELECT md5(p.id::text || c.id)::uuid, 1 + stage, p.id, c.id, 1, true, stage > 0, false,
    CASE stage WHEN 2 THEN '{1,2,3}' WHEN 1 THEN '{1}' ELSE '{}' END::integer[],
    CASE WHEN n %% 10 = 7 THEN today() + 30 - n / 10 END, CASE WHEN stage = 2 THEN 1 END,
    CASE WHEN stage = 2 THEN now() - make_interval(days => n) END,
    CASE WHEN stage = 2 THEN md5(p.id::text || c.id) END
FROM person_fact p CROSS JOIN course c;
INSERT INTO certificate (serial, enrollment, person, offering, completed_on, revoked)
SELECT serial, id, person, offering, completed_at::date, false FROM enrollment WHERE serial IS NOT NULL;
INSERT INTO learner_grant (assignment, person, enrollment, since) SELECT offering, person, id, today() FROM enrollment;
INSERT INTO events (position, stream, version, type, recorded_at, meta, body)
SELECT row_number() OVER (), id, version, (%(types)s::text[])[version], now(), '{}', convert_to('{"term":1}', 'UTF8')
FROM enrollment CROSS JOIN generate_series(1, revision) AS version;
"""


def fill(conn: Connection, learning: Learning) -> None:
    """An enrollment database, at once instead of by commands: events say no more than what pages read of them."""
    values = {
        **learning._asdict(),
        "people": learning.others // learning.own,
        "organisation": ORGANISATION,
        "learner": LEARNER,
        "steps": Jsonb([step.model_dump(mode="json") for step in STEPS]),
        "due": Jsonb({"kind": "enrollment", "amount": 30, "unit": "days"}),
        "types": [LearnerAssigned.TOPIC, TrainingBegun.TOPIC, EnrollmentCompleted.TOPIC],
    }
    with conn.transaction(), ClientCursor(conn) as cursor:
        cursor.execute((_FACTS + _ENROLLMENTS).encode(), values)
    conn.execute("ANALYZE")
