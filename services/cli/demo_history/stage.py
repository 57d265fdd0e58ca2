"""Where the history happens: the company's people and units by their external ids, and whoever acts."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from services.cli.demo_history.actor import NOT_YET, Actor, Stopped
from services.directory.demo import PASSWORD
from services.directory.demo_company import Company, person_number


class Person(NamedTuple):
    id: str
    email: str
    user_name: str


@dataclass
class Stage:
    """`began`: the day of the first start. `progress` is told how far a chapter is."""

    base_url: str
    company: Company
    began: date
    learner: str
    new_starter: str
    """User names."""
    pays: bool
    """The demo's payment provider is there."""
    progress: Callable[[int, int], None] = lambda _done, _total: None
    _actors: dict[str, Actor] = field(default_factory=dict)

    @cached_property
    def admin(self) -> Actor:
        return self.signed_in("admin")

    @cached_property
    def manager(self) -> Actor:
        """Of enrollments, in the first company."""
        return self.signed_in(self.company.named(2).user_name)

    @cached_property
    def leader(self) -> Actor:
        return self.signed_in(self.company.named(4).user_name)

    @cached_property
    def operations(self) -> Actor:
        return self.signed_in(self.company.named(5).user_name)

    @cached_property
    def author(self) -> Actor:
        """Of the catalog: the learning manager."""
        return self.signed_in(self.company.named(6).user_name)

    @cached_property
    def people(self) -> dict[str, Person]:
        """By external id."""
        found = self.admin.every("/api/directory/people")
        return {p["external_id"]: Person(p["id"], p["email"], p["user_name"]) for p in found if p["external_id"]}

    @cached_property
    def units(self) -> dict[str, str]:
        """Organisations and positions, by external id."""
        return {u["external_id"]: u["id"] for u in self.admin.every("/api/directory/units")}

    @cached_property
    def audiences(self) -> dict[str, str]:
        return {a["name"]: a["id"] for a in self.admin.every("/api/directory/audiences")}

    @property
    def offerings(self) -> dict[str, str]:
        return {o["code"]: o["id"] for o in self.admin.every("/api/catalog/offerings")}

    def scaled(self, number: int, least: int = 1) -> int:
        """A number of the whole company of 5,000, for this size."""
        return max(least, round(number * self.company.size / 5_000))

    def day(self, days: int) -> str:
        return (self.began + timedelta(days)).isoformat()

    def person(self, number: int) -> Person:
        return self.people[person_number(number)]

    def known(self, user_name: str) -> Person:
        return next(one for one in self.people.values() if one.user_name == user_name)

    def signed_in(self, user_name: str) -> Actor:
        """Somebody who has a password."""
        if user_name not in self._actors:
            self._actors[user_name] = Actor(self.base_url, user_name, PASSWORD)
        return self._actors[user_name]

    def as_learner(self, person: Person) -> Actor:
        """Somebody of the company, who is given a password for that."""
        if person.user_name not in self._actors:
            path = f"/api/directory/people/{person.id}/password"
            self.admin.do(f"password {person.id}", path, {"password": PASSWORD}, method="PUT")
        return self.signed_in(person.user_name)

    def assign(
        self,
        by: Actor,
        command: str,
        offering: str,
        target: Mapping[str, object],
        reason: str,
        *,
        emails: str = "send",
        **how: object,
    ) -> Any:
        """Preview a rule, and confirm what the preview says; one that was overtaken gives way to the next. Returns the receipt,
        None where the rule is there already. `emails`: sent, or held or silenced (NTF-3)."""
        body = {"action": "assign", "offering_id": offering, "targets": [target], "allow_empty": True, **how}
        if (preview := _previewed(by, command, body)) is None:
            return None
        for n in range(20):
            path = f"/api/enrollment/previews/{preview}/confirm"
            answer = by.attempt(f"{command} {n}", path, {"reason": reason}, emails=emails)
            if answer.is_success:
                return answer.json()
            told = answer.json()
            if answer.status_code != 409 or "preview" not in told:
                raise Stopped(f"{command}: {answer.status_code} {told.get('detail')}")
            preview = told["preview"]["id"]
        raise Stopped(f"{command}: the facts changed too often.")

    def close(self) -> None:
        for actor in self._actors.values():
            actor.close()


def _previewed(by: Actor, command: str, body: object) -> str | None:
    """The preview's id; None: the assignment is there, from a run that was cut off."""
    for n in range(200):
        answer = by.attempt(f"{command} preview {n}", "/api/enrollment/previews", body)
        told = answer.json()
        if answer.is_success:
            return str(told["id"])
        if str(told.get("type", "")).endswith("already-assigned"):
            return None
        if answer.status_code not in NOT_YET:
            raise Stopped(f"{command}: {answer.status_code} {told.get('detail')}")
        time.sleep(0.25)
    raise Stopped(f"{command}: {told.get('detail')}")
