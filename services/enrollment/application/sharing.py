"""What a command gives to everybody whom its assignments hold: a note, and a shorter access period (ASG-13, ASG-14)."""

from uuid import UUID

from pydantic import BaseModel, Field

from services.enrollment.domain.assignments import Sharing
from shared.texts import Texts


class Note(BaseModel):
    """What the learners of an assignment are told (ASG-13)."""

    title: str = Field(min_length=1, max_length=200)
    message: str = Field(default="", max_length=2000)
    important: bool = False


class SharingRequest(BaseModel):
    """A note, and an access period in days that is shorter than the course's (ASG-13, ASG-14)."""

    note: Note | None = None
    access_days: int | None = Field(default=None, ge=1, le=36_500)

    def kept(self, texts: Texts, subject: UUID) -> Sharing:
        """With the note among the texts of the command: events hold no free text."""
        if self.note is None:
            return Sharing(self.access_days)
        ref = texts.ref(subject, self.note.model_dump_json(include={"title", "message"}))
        return Sharing(self.access_days, ref, self.note.important)
