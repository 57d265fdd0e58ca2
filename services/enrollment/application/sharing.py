"""What a command gives to everybody whom its assignments hold: a note, a shorter access period, a due date, a requirement."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel

from services.enrollment.application.due_rules import DueRuleIn
from services.enrollment.domain.assignments import Sharing
from shared.limits import Days, Remark, Text
from shared.texts import Texts

NoteTitle = Annotated[str, Text(200, 1)]


class Note(BaseModel):
    """What the learners of an assignment are told (ASG-13)."""

    title: NoteTitle
    message: Remark = ""
    important: bool = False


class SharingRequest(BaseModel):
    """A note, an access period in days, and a due date (ASG-13, ASG-14, DUE-1).

    The access period is shorter than the course's; where the course says nothing, it shortens what each learner's organisation
    gives.
    """

    note: Note | None = None
    access_days: Days | None = None
    due: DueRuleIn | None = None
    """When its learners have to be done (DUE-1)."""
    required: bool = True
    """Of a qualification: required, or optional; where assignments differ, required wins (ASG-11)."""

    def kept(self, texts: Texts, subject: UUID) -> Sharing:
        """With the note among the texts of the command: events hold no free text."""
        if self.note is None:
            return Sharing(self.access_days, due=self.due, required=self.required)
        ref = texts.ref(subject, self.note.model_dump_json(include={"title", "message"}))
        return Sharing(self.access_days, ref, self.note.important, self.due, self.required)
