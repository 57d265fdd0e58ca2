"""What the machine drives: fresh people, organisations, audiences, offerings and a group, and what HTTP says of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

from enrollment.harness import Harness
from httpx import Response
from properties.engine_model import Assignment, Model

from shared.contracts import catalog
from shared.feeds import Checkpoints, Feed, Record

TODAY = date(2027, 3, 1)
WEEK = 7 * 24 * 60
PEOPLE = 5


class Seen(NamedTuple):
    """One learner on one offering."""

    status: str
    assignments: frozenset[UUID] = frozenset()
    excluded: frozenset[UUID] = frozenset()
    due_on: str | None = None
    held: bool = False
    without_source: bool = False
    term: int = 0

    @property
    def live(self) -> bool:
        return self.status in ("not-started", "in-progress")


NOBODY = Seen("not-enrolled")
Sight = dict[tuple[UUID, UUID], Seen]


class Stutter:
    """A feed that can deliver its last records again."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self.again = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._feed, name)

    def read(self, after: Checkpoints, limit: int) -> list[Record]:
        back, self.again = self.again, 0
        before = {p: place._replace(position=max(0, place.position - back)) for p, place in after.items()}
        return self._feed.read(before, limit)


class EngineHarness:
    """The people and things of one example, and the model of them."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        parents = [harness.unit("North"), harness.unit("South")]
        self.units = [*parents, *(harness.unit(f"Below {n}", parent) for n, parent in enumerate(parents))]
        self.people = sorted(harness.people(PEOPLE))
        self.audiences = [harness.audience(self.people[0], self.people[1]), harness.audience(self.people[1])]
        self.course = self._open(harness.course("Welding", 2, minimum_minutes=WEEK))
        self.early = self._open(harness.course("Wiring", 2, minimum_minutes=WEEK))
        harness.tell(harness.catalog, catalog.DueDatesCombined, self.early, earliest=True)
        self.certification = self._open(harness.certification("Fitter"))
        self.offerings = [self.course, self.early, self.certification]
        self.jobs: dict[UUID, UUID] = {}
        self.model = Model(
            earliest={self.early},
            long={self.course, self.early},
            parent=dict(zip(self.units, [None, None, *parents], strict=True)),
            active=dict.fromkeys(self.people, True),
            home=dict.fromkeys(self.people),
            members={self.audiences[0]: set(self.people[:2]), self.audiences[1]: {self.people[1]}},
        )
        self.administrator = harness.issuer.headers(harness.administrator, ("site-administrator", None))
        harness.http.headers.update(self.administrator)
        self.headers = {person: harness.issuer.headers(person) for person in self.people}
        self.last: tuple[str, str, dict[str, object] | None, dict[str, str], Response] | None = None
        harness.settle()

    def _open(self, offering: UUID) -> UUID:
        return self.harness.tell(self.harness.catalog, catalog.LearnerAccessChosen, offering, access="self-enrollment")

    def ask(self, method: str, path: str, body: dict[str, object] | None = None, by: UUID | None = None) -> Response:
        """A command with a key of its own, which may be repeated; by the administrator unless said otherwise."""
        headers = {**(self.headers[by] if by else self.administrator), "Idempotency-Key": str(uuid4())}
        answer = self.harness.http.request(method, f"/api/enrollment/{path}", json=body, headers=headers)
        if answer.is_success and path != "previews":
            self.last = (method, path, body, headers, answer)
        return answer

    def repeat(self) -> tuple[Response, Response] | None:
        """The last command once more, with the same key: the first answer, and the one now."""
        if self.last is None:
            return None
        method, path, body, headers, first = self.last
        return first, self.harness.http.request(method, f"/api/enrollment/{path}", json=body, headers=headers)

    def group(self, offering: UUID, due: int | None) -> UUID:
        name = f"Group {len(self.model.assignments)}"
        body = {"name": name, "allow_enrol": True, "allow_withdraw": True, "due": rule(due)}
        made = self.ask("POST", f"offerings/{offering}/groups", body)
        assert made.status_code == 201, made.text
        id = UUID(made.json()["result"]["assignment_id"])
        self.model.assignments[id] = Assignment(offering, "group", id, due=due, version=2)
        self.model.joined[id] = {}
        return id

    def look(self) -> Sight:
        """What the API says of everybody."""
        found: Sight = {}
        for offering in self.offerings:
            query = {"offering_id": str(offering), "limit": "500"}
            answer = self.harness.http.get("/api/enrollment/enrollments", params=query, headers=self.administrator)
            for e in answer.json()["items"]:
                assert e["held_for"] in ([], ["time-allowance"])
                found[UUID(e["person_id"]), offering] = Seen(
                    e["status"],
                    frozenset(map(UUID, e["assignments"])),
                    frozenset(map(UUID, e["excluded_from"])),
                    e["due_on"],
                    bool(e["held_for"]),
                    e["without_source"],
                    e["term"],
                )
        return {(p, o): found.get((p, o), NOBODY) for p in self.people for o in self.offerings}

    def expected(self) -> Sight:
        """What the model says of them."""
        sight: Sight = {}
        for person in self.people:
            for offering in self.offerings:
                one = self.model.at(person, offering)
                day = None if one.due is None else (TODAY + timedelta(days=one.due)).isoformat()
                grants, excluded = frozenset(one.grants), frozenset(one.excluded)
                told = (one.status, grants, excluded, day, bool(one.waiting), one.unsourced, one.term)
                sight[person, offering] = Seen(*told)  # type: ignore[arg-type]
        return sight

    def number(self, person: UUID, offering: UUID) -> str:
        """The enrollment's id."""
        return str(self.harness.enrollments(person_id=person, offering_id=offering)[0]["id"])

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        before = self.look()
        yield
        self.harness.settle()
        assert self.look() == before


def rule(due: int | None) -> dict[str, object] | None:
    return None if due is None else {"kind": "fixed", "on": (TODAY + timedelta(days=due)).isoformat()}


def kind(answer: Response) -> str:
    """Of a problem."""
    return str(answer.json()["type"]).rsplit(":", 1)[1]


COUNTS = ("enrolled", "source_added", "withdrawn", "source_removed", "kept_without_source")


def outcome(before: Sight, after: Sight) -> dict[str, int]:
    """What became of everybody, in the words of a preview (ASG-9)."""
    count = dict.fromkeys(COUNTS, 0)
    for at, then in before.items():
        now = after[at]
        if now.term > then.term:
            count["enrolled"] += 1
        elif then.live and not now.live:
            count["withdrawn"] += 1
        elif now.without_source and not then.without_source:
            count["kept_without_source"] += 1
        elif now.assignments - then.assignments:
            count["source_added"] += 1
        elif then.assignments - now.assignments:
            count["source_removed"] += 1
    return count
