"""The steps of a certification version, as they were typed into its form (CAT-2)."""

from collections.abc import Mapping
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field, JsonValue

from services.portal.api.admin.offerings.rows import rearranged, wrong_row
from services.portal.api.admin.offerings.saving import Section
from services.portal.api.form_values import given_id
from services.portal.client.asking import ServiceProblem
from services.portal.client.catalog import OfferingHead
from services.portal.client.offerings import Step, WholeOffering
from shared.limits import Line, Sought

_STEP = {
    "kind": "step_kind",
    "title": "step_title",
    "course_id": "step_course",
    "pass_mark": "step_mark",
    "reported_by": "step_reporter",
}
"""The form's field for each part of a step."""


class StepRow(BaseModel):
    """A step as typed; `course_id` of a course alone."""

    kind: str = "task"
    title: str = ""
    course_id: str = ""
    pass_mark: str = ""
    reported_by: str = ""

    @classmethod
    def of(cls, there: Step) -> "StepRow":
        told = {name: getattr(there, name) for name in cls.model_fields}
        return cls(**{name: "" if value is None else str(value) for name, value in told.items()})

    def body(self) -> dict[str, JsonValue]:
        told: dict[str, JsonValue] = dict(self.model_dump())
        return told | {name: told[name] or None for name in ("course_id", "pass_mark", "reported_by")}


class StepsForm(Section):
    """What steps have is in lists of the same length. `q`: the course that is sought."""

    q: Sought = ""
    in_order: bool = False
    step_kind: list[Line] = Field(default_factory=list)
    step_title: list[Line] = Field(default_factory=list)
    step_course: list[Line] = Field(default_factory=list)
    step_mark: list[Line] = Field(default_factory=list)
    step_reporter: list[Line] = Field(default_factory=list)

    @property
    def seeks(self) -> bool:
        return bool(self.q)

    @classmethod
    def of(cls, there: WholeOffering, number: int) -> "StepsForm":
        """Of a version; of one that is not there yet, as the last one is."""
        known = there.numbered(number) or (there.versions[-1] if there.versions else None)
        base = cls(in_order=bool(known and known.in_order))
        return base.with_rows([StepRow.of(one) for one in known.steps] if known else []).as_read(there.version)

    @property
    def rows(self) -> list[StepRow]:
        lists = [getattr(self, field) for field in _STEP.values()]
        return [StepRow(**dict(zip(_STEP, row, strict=True))) for row in zip(*lists, strict=False)]

    @property
    def courses(self) -> set[UUID]:
        """What its steps name."""
        return {id for row in self.rows if (id := given_id(row.course_id))}

    def with_rows(self, rows: list[StepRow]) -> Self:
        return self.model_copy(update={field: [getattr(row, name) for row in rows] for name, field in _STEP.items()})

    def pressed(self) -> Self:
        """After the button that adds, moves or removes a step: `add-exam`, `add-task`, or `add-ID` for a course."""
        what, _, told = self.do.partition("-")
        if what != "add":
            return self.with_rows(rearranged(self.rows, self.do))
        fresh = StepRow(kind=told) if told in ("exam", "task") else StepRow(kind="course", course_id=told)
        return self.with_rows([*self.rows, fresh])

    def titled(self, named: Mapping[UUID, OfferingHead]) -> Self:
        """A step that is a course and has no title has that of the course."""
        rows = self.rows
        for row in rows:
            id = given_id(row.course_id)
            if id and not row.title and id in named:
                row.title = named[id].title
        return self.with_rows(rows)

    def body(self) -> dict[str, JsonValue]:
        return {"steps": [row.body() for row in self.rows], "in_order": self.in_order}


def wrong_step(refused: ServiceProblem | None) -> str:
    """The form's field that the refusal is about; empty: none of them."""
    told = (refused.field or "") if refused else ""
    if row := wrong_row(told, "steps"):
        place, part = row
        return f"{_STEP.get(part, 'step_title')}-{place}"
    return "steps" if told == "steps" else ""
