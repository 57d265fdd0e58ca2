"""What a command gives to everybody whom its assignments hold: a note, a shorter access period, a due date, a requirement."""

from datetime import date, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel

from services.enrollment.application.due_rules import DueRuleIn
from services.enrollment.domain.assignments import AssignmentSettings
from shared.errors import Invalid
from shared.limits import Day, Days, Remark, Text
from shared.texts import Texts

NoteTitle = Annotated[str, Text(200, 1)]


class Note(BaseModel):
    """What the learners of an assignment are told (ASG-13)."""

    title: NoteTitle
    message: Remark = ""
    important: bool = False


class AssignmentSettingsRequest(BaseModel):
    """A note, an access period in days, and a due date (ASG-13, ASG-14, DUE-1).

    The access period is shorter than the course's; where the course says nothing, it shortens what each learner's organisation
    gives.
    """

    note: Note | None = None
    access_days: Days | None = None
    access_until: Day | None = None
    """The last day of access, instead of the number of days; who comes later has as many days from then on."""
    due: DueRuleIn | None = None
    """When its learners have to be done (DUE-1)."""
    required: bool | None = None
    """Of a qualification, which is optional unless this says required; where assignments differ, required wins (ASG-11)."""

    def to_settings(self, texts: Texts, subject: UUID, today: date) -> AssignmentSettings:
        """With the note among the texts of the command: events hold no free text."""
        days = days_of_access(self.access_days, self.access_until, today)
        if self.note is None:
            return AssignmentSettings(
                access_days=days, due=self.due, required=self.required, last_day=self.access_until
            )
        ref = texts.ref(subject, self.note.model_dump_json(include={"title", "message"}))
        return AssignmentSettings(
            access_days=days,
            note=ref,
            important=self.note.important,
            due=self.due,
            required=self.required,
            last_day=self.access_until,
        )


def days_of_access(days: int | None, until: date | None, today: date) -> int | None:
    """An access period as a number of days, however it was given. Refuses both, and a last day that is no day to come (ASG-14)."""
    if until is None:
        return days
    if days is not None:
        raise Invalid("Give the access period as a last day or as a number of days, not both.", field="access_until")
    if until <= today:
        raise Invalid(f"The last day of access must be {today + timedelta(days=1)} or later.", field="access_until")
    return (until - today).days
