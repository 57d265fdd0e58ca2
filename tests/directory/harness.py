"""The directory as its callers see it: HTTP, and the two feeds."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from directory.builders import Cells, text
from fastapi.testclient import TestClient
from httpx import Response
from issuer import Issuer

from services.directory.main import build
from shared.consumer import Consumer
from shared.database import Database
from shared.feeds.postgres import PostgresFeeds
from shared.jobs import Worker
from shared.settings import Settings
from shared.store import Store


class Harness:
    """A directory with a site administrator signed in."""

    def __init__(self, database: Callable[..., Database], **limits: object) -> None:
        self.database = database("services.directory")
        self.issuer = Issuer()
        settings = Settings(database_url=self.database.conninfo, import_chunk=7, **limits)  # type: ignore[arg-type]
        self.settings = settings
        self.enrollment = Store(database())
        feeds = PostgresFeeds(lambda _: self.enrollment.database.conninfo)
        self.service = build(settings, verifier=self.issuer.verifier, feeds=feeds)
        self.consumer = next(w for w in self.service.workers if isinstance(w, Consumer))
        self.worker = next(w for w in self.service.workers if isinstance(w, Worker))
        self.administrator = uuid4()
        self.http = self.client("site-administrator")
        self.address = "/api/directory"

    def close(self) -> None:
        self.consumer._feed.close()
        self.service.close()

    def client(self, role: str, organisation: UUID | str | None = None) -> TestClient:
        where = UUID(str(organisation)) if organisation else None
        return TestClient(self.service.app, headers=self.issuer.headers(self.administrator, (role, where)))

    def signed_in(self, person: str, role: str = "learner", organisation: str | None = None) -> TestClient:
        """As this person, with the permission role that the token says."""
        where = UUID(organisation) if organisation else None
        return TestClient(self.service.app, headers=self.issuer.headers(UUID(person), (role, where)))

    def service_keys(self) -> Any:
        """What verifies the tokens that this directory signs."""
        return self.http.get(f"{self.address}/jwks").json()

    def post(self, path: str, body: object = None, **headers: str) -> Response:
        return self.http.post(f"{self.address}{path}", json=body, headers=headers)

    def get(self, path: str, **params: str) -> Response:
        return self.http.get(f"{self.address}{path}", params=params)

    def made(self, path: str, id: str, **body: object) -> str:
        """The id of what the command created."""
        answer = self.post(path, body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["result"][id])

    def framework(self, kind: str = "organisation", name: str = "legal") -> str:
        return self.made("/frameworks", "framework_id", kind=kind, name=name, external_id=name)

    def unit(self, framework: str, name: str, parent: str | None = None) -> str:
        return self.made("/units", "unit_id", framework_id=framework, parent_id=parent, name=name, external_id=name)

    def person(self, name: str = "Ada Lind", home: str | None = None, **more: object) -> str:
        first, last = name.split()
        email = f"{first}.{last}@example.org".lower()
        body = {"first_name": first, "last_name": last, "email": email, "home_organisation": home, **more}
        return self.made("/people", "person_id", **body)

    def job(self, person: str, external_id: str = "1", **fields: object) -> str:
        return self.made(f"/people/{person}/jobs", "job_id", external_id=external_id, **fields)

    def events(self) -> list[str]:
        with self.database.connection() as conn:
            rows = conn.execute("SELECT type FROM events ORDER BY position").fetchall()
        return [str(type).split(".")[1] for (type,) in rows]

    def upload(self, files: Mapping[str, Sequence[Cells] | bytes], **options: object) -> Response:
        sent = {
            name: (f"{name}.csv", content if isinstance(content, bytes) else text(content))
            for name, content in files.items()
        }
        return self.http.post(f"{self.address}/imports", files=sent, data={k: str(v) for k, v in options.items()})

    def run(self, files: Mapping[str, Sequence[Cells] | bytes], **options: object) -> dict[str, int]:
        """Import, work on it to the end, and return the rows per outcome. The report is `self.report`."""
        answer = self.upload(files, **options)
        assert answer.status_code == 202, answer.text
        self.last = answer.json()["id"]
        while self.worker.step():
            pass
        found = self.get(f"/imports/{self.last}").json()
        assert found["state"] == "finished", found
        outcomes: dict[str, int] = found["outcomes"]
        return outcomes

    @property
    def report(self) -> dict[tuple[str, int | None], tuple[str, list[str]]]:
        """(element, row) to outcome and reason codes or changed fields."""
        items = self.get(f"/imports/{self.last}/report", limit="500").json()["items"]
        return {
            (i["element"], i["number"]): (i["outcome"], [r["code"] for r in i["reasons"]] or i["fields"]) for i in items
        }

    def people(self) -> dict[str, dict[str, object]]:
        """By external id."""
        return {str(p["external_id"]): p for p in self.get("/people", limit="500").json()["items"]}


class Furnished(NamedTuple):
    """A harness with one of everything, for requests that are made from the document: `known` by the names that it has there."""

    harness: Harness
    known: dict[str, object]


OpenHarness = Callable[..., Harness]
"""With the settings that are given."""
