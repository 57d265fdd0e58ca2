"""A history that is signed in several checkpoints, and ways to falsify it, for the tests of proofs."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

from typer.testing import CliRunner, Result

from services.cli.commands import app
from shared.audit.notes import Signer
from shared.audit.sealing import Sealer
from shared.contracts.enrollment import TrainingBegun
from shared.database import Database
from shared.events import SYSTEM, Meta
from shared.settings import Settings
from shared.store import Decision, Store

KEY = "a1" * 32
META = Meta(actor=SYSTEM, correlation=uuid4(), organisation=uuid4())
LEARNER, OFFERING = uuid4(), uuid4()
SIZES = (700, 2_300, 2_500)
"""At which the history is signed: within the first part, and twice in the third."""
UNSIGNED = 10


@dataclass
class Audited:
    """The store of a service with events of many streams."""

    database: Database
    folder: Path
    size: int = 0
    streams: list[UUID] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = Store(self.database)
        self.settings = Settings(audit_key=KEY, audit_checkpoints=self.folder)

    def write(self, until: int) -> None:
        """Events up to a position, three in a stream; every fifth stream is the learner's."""
        decisions = []
        while self.size < until:
            stream, count = uuid4(), min(3, until - self.size)
            fields = {"person_id": uuid4() if len(self.streams) % 5 else LEARNER, "offering_id": OFFERING, "term": 1}
            events = tuple(TrainingBegun.unchecked_next(stream, number, fields) for number in range(count))
            decisions.append(Decision(events, META))
            self.streams.append(stream)
            self.size += count
        self.store.append(decisions)

    def seal(self) -> None:
        sealer = Sealer("enrollment", self.database, self.settings)
        while sealer.step():
            pass

    def execute(self, *statements: str) -> None:
        """As whoever may do everything in the database, in one transaction."""
        with self.database.transaction() as conn:
            for statement in statements:
                conn.execute(statement.encode())

    def value(self, query: str) -> object:
        with self.database.connection() as conn:
            row = conn.execute(query.encode()).fetchone()
        return row and row[0]

    @property
    def anchor(self) -> Path:
        return self.folder / "enrollment.checkpoints"

    def notes(self) -> list[str]:
        return [json.loads(line)["note"] for line in self.anchor.read_text().splitlines()]

    def rollbook(self, *words: str, **environment: str) -> Result:
        told = {
            "ROLLBOOK_DATABASE_URL": self.database.conninfo,
            "ROLLBOOK_AUDIT_KEY": KEY,
            "ROLLBOOK_AUDIT_CHECKPOINTS": str(self.folder),
        }
        return CliRunner().invoke(app, ["audit", *words], env={**told, **environment})

    def verify(self) -> Result:
        return self.rollbook("verify", "enrollment")


def audited(fresh: Callable[..., Database], folder: Path) -> Audited:
    found = Audited(fresh(), folder)
    for size in SIZES:
        found.write(size)
        found.seal()
    found.write(SIZES[-1] + UNSIGNED)
    return found


def public_key() -> str:
    return Signer(KEY).public.hex()
