"""Undo: one command reverses what another one did (ASG-20)."""

from uuid import UUID

from hypothesis.stateful import precondition, rule
from properties.engine_machine import index
from properties.engine_model import Standing
from properties.engine_triggers import Automation


class Undoing(Automation):
    """Everything that anybody does, and takes back."""

    @precondition(lambda self: self.done)
    @rule(n=index)
    def undo(self, n: int) -> None:
        done = self.done.pop(n % len(self.done))
        answer = self.engine.ask("POST", f"batches/{done.batch}/undo")
        assert answer.status_code == 202, answer.text
        touched: set[UUID] = set()
        for id, version in done.versions.items():
            one = self.model.assignments[id]
            unchanged = one.version == version
            touched |= {id} if done.what == "created" and one.live else set()
            if done.what == "created" and one.live and unchanged:
                one.live, one.undone, one.version = False, True, version + 1
            elif done.what == "removed" and not self.model.existing(one.offering, one.type, one.target):
                one.live, one.undone, one.version = True, False, one.version + 1
            elif done.what == "due" and one.live and unchanged:
                one.due, one.version = done.due, version + 1
        for standing in self.model.standings.values():
            self._take_back(standing, done.batch, touched)

    def _take_back(self, standing: Standing, batch: str, touched: set[UUID]) -> None:
        """What it gave by assignments that stay: unless the training was begun."""
        for id in {id for id in standing.grants if standing.given.get(id) == batch} - touched:
            if not (standing.live and standing.begun):
                standing.let_go(id, None)
                standing.removed_by_hand.add(id)
