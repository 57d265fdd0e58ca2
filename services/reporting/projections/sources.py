"""Which read model has which source. One consumer per source writes all of its read models in one transaction."""

from collections.abc import Sequence
from typing import Protocol

from services.reporting.projections.assignments import ASSIGNMENT
from services.reporting.projections.audiences import AUDIENCE
from services.reporting.projections.cancellations import CANCELLATION
from services.reporting.projections.exceptions import EXCEPTION
from services.reporting.projections.groups import GROUP
from services.reporting.projections.joining import JOINING
from services.reporting.projections.keys import POOL, REDEMPTION, TRAINING_KEY
from services.reporting.projections.membership import MEMBERSHIP
from services.reporting.projections.offerings import OFFERING
from services.reporting.projections.people import PERSON
from services.reporting.projections.profiles import PROFILE
from services.reporting.projections.requests import REQUEST
from services.reporting.projections.results import RESULT
from services.reporting.projections.rules import JOB_ROLE, TRIGGER
from services.reporting.projections.standing import STANDING
from services.reporting.projections.units import UNIT
from shared.database import Connection
from shared.events import Recorded
from shared.feeds import PROFILES

CONSUMER = "reporting"


class ReadModel(Protocol):
    """One table and its writer."""

    @property
    def name(self) -> str: ...

    @property
    def types(self) -> frozenset[str]: ...

    def write(self, conn: Connection, events: Sequence[Recorded]) -> None: ...


class Projection:
    """The handler of one source."""

    name = CONSUMER

    def __init__(self, source: str, *read_models: ReadModel) -> None:
        self.source = source
        self.group = f"reporting.{source}"
        self.tables = tuple(model.name for model in read_models)
        self.types = frozenset[str]().union(*(model.types for model in read_models))
        self._read_models = read_models

    def apply(self, conn: Connection, events: Sequence[Recorded]) -> None:
        for model in self._read_models:
            model.write(conn, events)


PROJECTIONS = (
    Projection("catalog", OFFERING, JOB_ROLE),
    Projection("directory", PERSON, UNIT, AUDIENCE),
    Projection(PROFILES, PROFILE),
    Projection(
        "enrollment", MEMBERSHIP, STANDING, ASSIGNMENT, GROUP, TRIGGER, CANCELLATION, EXCEPTION, RESULT, JOINING
    ),
    Projection("keys", POOL, TRAINING_KEY, REDEMPTION),
    Projection("approvals", REQUEST),
)
