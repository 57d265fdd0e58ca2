"""P2: the same bulk assignment, against the plain eventsourcing library with its own PostgreSQL recorder."""

import os
from uuid import UUID, uuid5

import psycopg
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate
from psycopg.conninfo import conninfo_to_dict

from benchmarks import company
from benchmarks.harness import Bench, Goal, Result, paired, rate, result
from benchmarks.p01_bulk_assignment import assign
from services.enrollment.main import PACKAGE

ID, GOAL, SIZE, ROUNDS = "P2", Goal(">=", 4.0), 100_000, 5
BATCH = 500
"""Aggregates saved at once: with 2,000, and sometimes with 1,000, the library's own recorder hangs for ever."""


class Learner(Aggregate):
    """What the library's own tutorial would make of an enrollment."""

    class Assigned(Aggregate.Created):
        person_id: UUID
        offering_id: UUID
        assignment_id: UUID
        term: int

    def __init__(self, person_id: UUID, offering_id: UUID, assignment_id: UUID, term: int) -> None:
        self.person_id = person_id
        self.offering_id = offering_id
        self.assignment_id = assignment_id
        self.term = term

    @staticmethod
    def create_id(person_id: UUID, offering_id: UUID) -> UUID:
        return uuid5(company.NAMESPACE, f"{person_id}/{offering_id}")


def run(bench: Bench) -> Result:
    size = bench.size or SIZE
    template = bench.template(f"company of {size}", company.facts(size), PACKAGE)

    def ours() -> float:
        with bench.database(template) as info:
            return rate(size, lambda: assign(info))

    def library() -> float:
        with bench.database(template) as info:
            with psycopg.connect(info) as conn:
                people = [
                    UUID(str(id))
                    for (id,) in conn.execute("SELECT id FROM person_fact ORDER BY id LIMIT %s", [size // 5])
                ]
            where = conninfo_to_dict(info)
            application = Application[UUID](
                {
                    **os.environ,
                    "PERSISTENCE_MODULE": "eventsourcing.postgres",
                    "POSTGRES_DBNAME": str(where["dbname"]),
                    "POSTGRES_HOST": str(where["host"]),
                    "POSTGRES_PORT": str(where["port"]),
                    "POSTGRES_USER": str(where["user"]),
                    "POSTGRES_PASSWORD": "-",
                }
            )
            try:
                return rate(len(people), lambda: save(application, people))
            finally:
                application.close()

    pairs = paired(bench.rounds or ROUNDS, ours, library)
    return result(
        ID,
        "bulk assignment / the plain library",
        GOAL,
        pairs,
        "learners/s",
        learners=size,
        learners_of_the_library=size // 5,
        batch_of_the_library=BATCH,
        fsync=True,
    )


def save(application: Application[UUID], people: list[UUID]) -> None:
    assignment = uuid5(company.NAMESPACE, "assignment")
    for first in range(0, len(people), BATCH):
        application.save(*(Learner(person, company.COURSE, assignment, 1) for person in people[first : first + BATCH]))
