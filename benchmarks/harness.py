"""What the benchmarks share: a server, a broker, paired runs, and results as ratios.

Both sides of a ratio run in the same process, on the same server, one after the other, the order changing from round to
round; the ratio is the median of the rounds' ratios. Nothing here judges by the clock of another day or machine.
"""

import gc
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal
from uuid import uuid4

import psycopg

from shared.database import Connection, migrate
from shared.embedded import EmbeddedPostgres
from shared.embedded_kafka import EmbeddedKafka
from shared.service import tune
from shared.settings import Settings

Setting = str | int | float | bool


@dataclass(frozen=True)
class Goal:
    """What a ratio is to be: at least, or at most."""

    relation: Literal[">=", "<="]
    value: float

    def met(self, ratio: float) -> bool:
        return ratio >= self.value if self.relation == ">=" else ratio <= self.value

    def __str__(self) -> str:
        return f"{self.relation} {self.value:g}"


@dataclass(frozen=True)
class Result:
    """One ratio. `numerator` and `denominator` are medians, in `unit`; `spread` the smallest and the largest ratio."""

    id: str
    what: str
    ratio: float
    goal: str
    met: bool
    numerator: float
    denominator: float
    unit: str
    spread: tuple[float, float]
    rounds: int
    settings: Mapping[str, Setting]


@dataclass(frozen=True)
class Pair:
    """What one round measured on either side."""

    numerator: float
    denominator: float

    @property
    def ratio(self) -> float:
        return self.numerator / self.denominator


def result(id: str, what: str, goal: Goal, pairs: Sequence[Pair], unit: str, **settings: Setting) -> Result:
    ratio = statistics.median(pair.ratio for pair in pairs)
    return Result(
        id,
        what,
        ratio,
        str(goal),
        goal.met(ratio),
        statistics.median(pair.numerator for pair in pairs),
        statistics.median(pair.denominator for pair in pairs),
        unit,
        (min(pair.ratio for pair in pairs), max(pair.ratio for pair in pairs)),
        len(pairs),
        settings,
    )


@dataclass
class Bench:
    """The machine as a benchmark sees it. `size` and `rounds` are what the caller asked for, None: the file's own."""

    folder: Path
    size: int | None = None
    rounds: int | None = None
    server: EmbeddedPostgres | None = None
    broker: str | None = None
    """A server, and a broker's address, of the caller: used, and left running. None: of our own."""
    _postgres: EmbeddedPostgres | None = None
    _kafka: EmbeddedKafka | None = None
    _made: dict[str, str] = field(default_factory=dict)

    @property
    def postgres(self) -> EmbeddedPostgres:
        """A durable server (fsync on), with the settings of the embedded suite."""
        if self.server is not None:
            return self.server
        if self._postgres is None:
            self._postgres = EmbeddedPostgres(self.folder / "database")
            self._postgres.start()
        return self._postgres

    @property
    def kafka(self) -> str:
        """The address of a broker."""
        if self.broker is not None:
            return self.broker
        if self._kafka is None:
            self._kafka = EmbeddedKafka(self.folder / "kafka")
            self._kafka.start()
        return self._kafka.bootstrap

    def template(self, name: str, fill: Callable[[str], None], *packages: str) -> str:
        """A migrated database that `fill` (of its conninfo) has filled, made once; to be copied by `database`."""
        if name not in self._made:
            info = self.postgres.create_database(f"bench_template_{self.folder.name}_{len(self._made)}")
            migrate(info, *packages)
            fill(info)
            with psycopg.connect(info, autocommit=True) as conn:
                conn.execute("VACUUM (ANALYZE, FREEZE)")
            self._made[name] = f"bench_template_{self.folder.name}_{len(self._made)}"
        return self._made[name]

    @contextmanager
    def database(self, template: str | None = None, *packages: str) -> Iterator[str]:
        """A fresh database for one run, as its conninfo, with everything written out before the clock starts."""
        name = f"bench_{uuid4().hex[:12]}"
        info = self.postgres.create_database(name, template)
        if packages:
            migrate(info, *packages)
        try:
            self.settle()
            yield info
        finally:
            self.postgres.drop_database(name)

    def settle(self) -> None:
        """No run pays for what the one before it left to be written."""
        with psycopg.connect(self.postgres.conninfo(), autocommit=True) as conn:
            conn.execute("CHECKPOINT")
        gc.collect()

    def close(self) -> None:
        if self._kafka is not None:
            self._kafka.stop()
        if self._postgres is not None:
            self._postgres.stop()


@contextmanager
def bench(size: int | None, rounds: int | None) -> Iterator[Bench]:
    folder = Path(tempfile.mkdtemp(prefix="rollbook-bench-"))
    folder.chmod(0o755)
    tune(Settings())
    machine = Bench(folder, size, rounds)
    try:
        yield machine
    finally:
        machine.close()
        shutil.rmtree(folder, ignore_errors=True)


def paired(rounds: int, numerator: Callable[[], float], denominator: Callable[[], float]) -> list[Pair]:
    """Each side once per round, the second half of the rounds in the other order."""
    pairs = []
    for number in range(rounds):
        if number % 2:
            below = denominator()
            pairs.append(Pair(numerator(), below))
        else:
            above = numerator()
            pairs.append(Pair(above, denominator()))
    return pairs


def rate(count: int, work: Callable[[], object]) -> float:
    """How many a second, for `count` things that `work` does."""
    began = time.perf_counter()
    work()
    return count / (time.perf_counter() - began)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


Table = tuple[str, Sequence[bytes]]
"""A table with the columns to copy, and its rows as PostgreSQL's own binary COPY gave them out."""


def copy_out(conn: Connection, query: str) -> list[bytes]:
    """Rows in the form in which COPY takes them fastest."""
    with conn.cursor().copy(f"COPY ({query}) TO STDOUT (FORMAT BINARY)".encode()) as copy:
        return [bytes(part) for part in copy]


def copy_in(conn: Connection, tables: Sequence[Table]) -> None:
    """As fast as it can be written by hand: all tables in one transaction, every byte encoded before."""
    with conn.transaction():
        for target, parts in tables:
            with conn.cursor().copy(f"COPY {target} FROM STDIN (FORMAT BINARY)".encode()) as copy:
                for part in _pieces(parts):
                    copy.write(part)


def _pieces(parts: Sequence[bytes], size: int = 64 * 1024) -> Iterator[bytes]:
    waiting: list[bytes] = []
    length = 0
    for part in parts:
        waiting.append(part)
        length += len(part)
        if length >= size:
            yield b"".join(waiting)
            waiting, length = [], 0
    yield b"".join(waiting)


def write_json(results: Sequence[Result], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(one) for one in results], indent=2) + "\n")
