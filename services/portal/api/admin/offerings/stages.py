"""Who decides on requests, stage by stage, as it was typed (CAT-13, APR-4)."""

from collections.abc import Sequence
from typing import Self

from pydantic import BaseModel, Field, JsonValue

from services.portal.api.admin.offerings.rows import rearranged
from services.portal.api.admin.offerings.saving import Section
from services.portal.api.form_values import given_id
from services.portal.client.offerings import Approver, Stage
from shared.limits import Line, Sought


class StageRow(BaseModel):
    """`who`: `manager`, `role:NAME` or `person:ID`."""

    needs: str = "any"
    who: list[str] = Field(default_factory=list)

    @classmethod
    def of(cls, there: Stage) -> "StageRow":
        return cls(needs=there.needs, who=[_written(one) for one in there.approvers])

    def body(self) -> dict[str, JsonValue]:
        return {"needs": self.needs, "approvers": [_approver(one) for one in self.who]}


class StagesForm(Section):
    """`needs` has one for each stage; `who` and `of_stage` one for each approver, `of_stage` being the place of the
    stage; `role` what is chosen in each stage, to be added. Names are sought, and not kept."""

    first_name: Sought = ""
    last_name: Sought = ""
    needs: list[Line] = Field(default_factory=list)
    who: list[Line] = Field(default_factory=list)
    of_stage: list[int] = Field(default_factory=list)
    role: list[Line] = Field(default_factory=list)

    @property
    def seeks(self) -> bool:
        return bool(self.first_name or self.last_name)

    @classmethod
    def of(cls, there: Sequence[Stage], version: int) -> "StagesForm":
        return cls().with_stages([StageRow.of(one) for one in there]).as_read(version)

    @property
    def stages(self) -> list[StageRow]:
        told = list(zip(self.of_stage, self.who, strict=False))
        return [
            StageRow(needs=needs, who=[who for at, who in told if at == place])
            for place, needs in enumerate(self.needs)
        ]

    def with_stages(self, stages: Sequence[StageRow]) -> Self:
        told = [(place, who) for place, stage in enumerate(stages) for who in stage.who]
        update = {
            "needs": [one.needs for one in stages],
            "of_stage": [place for place, _ in told],
            "who": [who for _, who in told],
            "role": [],
        }
        return self.model_copy(update=update)

    def pressed(self) -> Self:
        """After a button: `stage` adds one; `manager-N`, `role-N` and `person-N-ID` add an approver to the one at place N, each
        once; `drop-N-K` takes one away."""
        what, _, told = self.do.partition("-")
        at, _, rest = told.partition("-")
        stages = self.stages
        if what == "stage":
            return self.with_stages([*stages, StageRow(who=["manager"])])
        if what not in ("manager", "role", "person", "drop"):
            return self.with_stages(rearranged(stages, self.do))
        if not (at.isascii() and at.isdigit()) or int(at) >= len(stages):
            return self
        stage = stages[int(at)]
        if what == "drop":
            stage.who = rearranged(stage.who, f"remove-{rest}")
        else:
            role = self.role[int(at)] if int(at) < len(self.role) else ""
            added = {"manager": "manager", "role": f"role:{role}", "person": f"person:{rest}"}[what]
            stage.who = list(dict.fromkeys((*stage.who, added)))
        return self.with_stages(stages)

    def body(self) -> list[JsonValue]:
        return [stage.body() for stage in self.stages]

    @property
    def persons(self) -> set[str]:
        ids = (who.partition(":")[2] for who in self.who if who.startswith("person:"))
        return {id for id in ids if given_id(id)}


def _written(there: Approver) -> str:
    if there.kind == "manager":
        return "manager"
    return f"role:{there.role}" if there.kind == "role" else f"person:{there.person_id}"


def _approver(written: str) -> dict[str, JsonValue]:
    kind, _, told = written.partition(":")
    field = {"role": "role", "person": "person_id"}.get(kind)
    return {"kind": kind, field: told} if field else {"kind": kind}
