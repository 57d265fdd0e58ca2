"""How far a demo is filled: kept in a file beside the databases, and told to whoever asks. The portal's first page shows it."""

import json
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from fastapi import FastAPI
from pydantic import BaseModel

PREFIX = "/api/demo"
_FILE = "demo-history.json"


@dataclass(frozen=True)
class DemoProgress:
    """`began`: the day to which the days of the history are relative; `chapter`: which one is at work."""

    began: date
    total: int
    done: tuple[str, ...] = ()
    chapter: str = ""

    @property
    def whole(self) -> bool:
        return len(self.done) >= self.total


class Told(BaseModel):
    """Chapters done and in all; none in all: no history is filled in here."""

    done: int
    total: int


def read(folder: Path) -> DemoProgress | None:
    """None: nothing was begun."""
    file = folder / _FILE
    if not file.exists():
        return None
    told = json.loads(file.read_text())
    return DemoProgress(**{**told, "began": date.fromisoformat(told["began"]), "done": tuple(told["done"])})


def keep(folder: Path, progress: DemoProgress) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f"{_FILE}.new"
    fresh.write_text(json.dumps({**asdict(progress), "began": progress.began.isoformat()}))
    fresh.replace(folder / _FILE)


def demo_progress(folder: Path) -> FastAPI:
    app = FastAPI(title="Demo progress", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get(f"{PREFIX}/progress")
    def progress() -> Told:
        found = read(folder)
        return Told(done=len(found.done), total=found.total) if found else Told(done=0, total=0)

    return app
