"""Keys and enrollment, each following the other: a redeemed key is one assignment, or the key is free (KEY-4, KEY-6, KEY-12)."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from enrollment.harness import Harness
from fastapi.testclient import TestClient

from services.keys.application.redemptions import Settlement
from services.keys.main import build
from shared.consumer import Consumer
from shared.contracts import catalog
from shared.database import Database
from shared.feeds import PROFILES
from shared.feeds.postgres import PostgresFeeds
from shared.settings import Settings

NOW = datetime.now(UTC)
TEXT = "WARD-2026-ABCD-EFGH"


class Together:
    """Two real services; directory and catalog are played. One course, one pool with one key, and Ada."""

    def __init__(self, fresh: Callable[..., Database], feed_conninfo: Callable[[Database], str]) -> None:
        self.database = fresh("services.keys")
        self.enrollment = Harness(fresh, feed_conninfo, following={"keys": self.database})
        directory = self.enrollment.directory.database
        sources = {"directory": directory, PROFILES: directory, "catalog": self.enrollment.catalog.database}
        sources["enrollment"] = self.enrollment.database
        self.service = build(
            Settings(
                database_url=self.database.conninfo,
                training_key_secrets={1: "a secret for tests that has enough characters"},
                redemption_wait=0.0,
            ),
            feeds=PostgresFeeds(lambda source: feed_conninfo(sources[source])),
            verifier=self.enrollment.issuer.verifier,
        )
        self.consumers = [w for w in self.service.workers if isinstance(w, Consumer)]
        self.settlement = next(w for w in self.service.workers if isinstance(w, Settlement))
        self.home = self.enrollment.unit("Head")
        self.ada = self.enrollment.named("Ada", "Lind", "ada@example.org", self.home)
        self.course = self.enrollment.course("Forklift", access_days=20)
        self.settle()
        self.manager = self.client(self.ada, ("operations-manager", self.home))
        self.pool = self.made_pool()

    def close(self) -> None:
        for consumer in self.consumers:
            consumer._feed.close()
        self.service.close()
        self.enrollment.close()

    def client(self, person: UUID, *roles: tuple[str, UUID | None]) -> TestClient:
        return TestClient(self.service.app, headers=self.enrollment.issuer.headers(person, *roles))

    def made_pool(self) -> str:
        body = {
            "name": "Spring",
            "offering_id": str(self.course),
            "organisation_id": str(self.home),
            "access_days": 10,
            "starts": (NOW - timedelta(days=1)).isoformat(),
            "expires": (NOW + timedelta(days=30)).isoformat(),
            "share_below": False,
        }
        answer = self.manager.post("/api/keys/pools", json=body)
        assert answer.status_code == 201, answer.text
        pool = str(answer.json()["result"]["pool_id"])
        assert self.manager.post(f"/api/keys/pools/{pool}/keys", json={"key": TEXT}).status_code == 201
        return pool

    def settle(self) -> None:
        again = True
        while again:
            again = any(part.step() for part in (*self.consumers, self.settlement))
            again = any(consumer.step() for consumer in self.enrollment.consumers) or again
            again = bool(self.enrollment.ring()) or again
            parts = (self.enrollment.worker, self.enrollment.evaluator, self.enrollment.earning)
            again = any(part.step() for part in parts) or again

    def redeem(self, person: UUID) -> Any:
        return self.client(person).post("/api/keys/redemptions", json={"key": TEXT})

    def in_pool(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.manager.get(f"/api/keys/pools/{self.pool}/keys").json()["items"]
        return found

    def assignments(self) -> list[dict[str, Any]]:
        query = {"offering_id": str(self.course)}
        found: list[dict[str, Any]] = self.enrollment.http.get("/api/enrollment/assignments", params=query).json()[
            "items"
        ]
        return [one for one in found if one["type"] == "key"]


@pytest.fixture
def together(database: Callable[..., Database], feed_conninfo: Callable[[Database], str]) -> Iterator[Together]:
    one = Together(database, feed_conninfo)
    yield one
    one.close()


@pytest.mark.feature("KEY-4", "KEY-6", "KEY-1", "ASG-1")
def test_a_redeemed_key_is_an_assignment_named_by_its_pool_for_as_long_as_the_pool_gives(together: Together) -> None:
    assert together.redeem(together.ada).status_code == 202
    together.settle()
    (listed,) = together.assignments()
    assert (listed["name"], listed["access_days"]) == ("Spring", 10)
    assert together.enrollment.standing(together.ada, together.course) == "not-started"
    (key,) = together.in_pool()
    assert (key["state"], key["person_id"], key["assignment_id"]) == ("redeemed", str(together.ada), listed["id"])
    again = together.redeem(together.ada)
    assert (again.status_code, again.json()["assignment_id"]) == (200, listed["id"])


@pytest.mark.feature("KEY-6")
def test_a_key_for_what_is_still_open_to_the_learner_stays_unused(together: Together) -> None:
    together.enrollment.enroll(together.ada, together.course)
    together.settle()
    answer = together.redeem(together.ada)
    together.settle()
    redemption = together.client(together.ada).get(answer.headers["Location"])
    assert "still-enrolled" in redemption.text
    assert [key["state"] for key in together.in_pool()] == ["free"]
    assert together.assignments() == []


@pytest.mark.feature("KEY-6", "CAT-4")
def test_a_key_for_a_course_that_was_switched_off_meanwhile_is_free_again(together: Together) -> None:
    assert together.redeem(together.ada).status_code == 202
    together.enrollment.tell(together.enrollment.catalog, catalog.OfferingDeactivated, together.course)
    while sum(consumer.step() for consumer in together.enrollment.consumers[:-1]):
        pass
    together.settle()
    assert [key["state"] for key in together.in_pool()] == ["free"]
    assert together.assignments() == []


@pytest.mark.feature("KEY-4")
def test_200_redemptions_of_one_key_at_one_moment_are_one_assignment(together: Together) -> None:
    people = [together.enrollment.named(f"Learner{n}", "Lind", f"l{n}@example.org", together.home) for n in range(20)]
    together.settle()
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda n: together.redeem(people[n % 20]), range(200)))
    together.settle()
    taken = [answer for answer in answers if answer.status_code < 300]
    assert taken
    assert len({answer.json()["id"] for answer in taken}) == 1, "one person's, however often it was sent"
    assert {answer.json()["type"].rpartition(":")[2] for answer in answers if answer.status_code >= 300} == {"used"}
    assert len(together.assignments()) == 1
    assert [key["state"] for key in together.in_pool()] == ["redeemed"]


@pytest.mark.feature("KEY-12", "ASG-15")
def test_revoking_a_redeemed_key_ends_its_assignment_where_that_was_asked(together: Together) -> None:
    together.redeem(together.ada)
    together.settle()
    (key,) = together.in_pool()
    answer = together.manager.post(
        f"/api/keys/keys/{key['id']}/revoke", json={"reason": "Sent to the wrong ward.", "end_assignment": True}
    )
    assert answer.status_code == 200, answer.text
    together.settle()
    assert [one["state"] for one in together.in_pool()] == ["revoked"]
    assert together.enrollment.standing(together.ada, together.course) == "cancelled"
