"""The sections of an offering's configuration, as they were typed: each is saved by itself.

CAT-5, CAT-7, CAT-12, CAT-17, CAT-19."""

import re
from dataclasses import dataclass, fields
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import Field, JsonValue

from services.portal.api.admin.offerings.choosing import chosen
from services.portal.api.admin.offerings.saving import Section
from services.portal.api.form_values import instant, typed
from services.portal.client.offerings import WholeOffering
from shared.contracts.notifications import COPIED, OFFERING_OCCASIONS
from shared.limits import Line, Sought

REMINDERS = ("due", "certificate", "access")
"""Of what learners are reminded."""


class AdmissionForm(Section):
    """How learners come by themselves, and from when until when: moments in the reader's time zone."""

    access: Line = "request"
    opens: Line = ""
    closes: Line = ""

    def body(self, zone: ZoneInfo) -> dict[str, JsonValue]:
        opens, closes = (instant(one, zone) or None for one in (self.opens, self.closes))
        return {"access": self.access, "opens": opens, "closes": closes}


class VisibilityForm(Section):
    """`q`: the audience that is sought."""

    q: Sought = ""
    audiences: list[UUID] = Field(default_factory=list)

    @property
    def seeks(self) -> bool:
        return bool(self.q)

    def pressed(self) -> "VisibilityForm":
        return self.model_copy(update={"audiences": chosen(self.audiences, self.do)})

    def body(self) -> dict[str, JsonValue]:
        return {"audiences": [str(id) for id in self.audiences]}


class CompletionForm(Section):
    review: bool = False
    earlier_completions: bool = False

    def body(self) -> dict[str, JsonValue]:
        return {"review": self.review, "earlier_completions": self.earlier_completions}


class DueDatesForm(Section):
    earliest_due: bool = False

    def body(self) -> dict[str, JsonValue]:
        return {"earliest_due": self.earliest_due}


class DropOutsForm(Section):
    keep_begun: bool = True

    def body(self) -> dict[str, JsonValue]:
        return {"keep_begun": self.keep_begun}


class NotificationsForm(Section):
    """`on`: those that are sent; `copied`: those that managers get a copy of. Reminders as days, negative before; those that are
    `usual`: as the system, without any: never."""

    on: list[Line] = Field(default_factory=list)
    copied: list[Line] = Field(default_factory=list)
    due: Line = ""
    certificate: Line = ""
    access: Line = ""
    usual: list[Line] = Field(default_factory=list)

    def body(self) -> dict[str, JsonValue]:
        off: list[JsonValue] = [one for one in OFFERING_OCCASIONS if one not in self.on]
        days: dict[str, JsonValue] = {f"{kind}_reminders": self._days(kind) for kind in REMINDERS}
        mail: dict[str, JsonValue] = {"off": off, "copied": list(self.copied), **days}
        return {"on": [one for one in self.on if one not in OFFERING_OCCASIONS], "mail": mail}

    @property
    def occasions(self) -> tuple[str, ...]:
        """What can be sent about an offering."""
        return ("assigned", "withdrawn", "completed", *OFFERING_OCCASIONS)

    @property
    def copies(self) -> tuple[str, ...]:
        return tuple(one for one in COPIED if one in self.occasions)

    def _days(self, kind: str) -> JsonValue:
        """What is no number is refused by the catalog, with the field."""
        if kind in self.usual:
            return None
        written = [one for one in re.split(r"[\s,;]+", getattr(self, kind)) if one]
        return [int(one) if re.fullmatch(r"[+-]?\d{1,4}", one) else one for one in written]

    @classmethod
    def of(cls, there: WholeOffering) -> "NotificationsForm":
        rules = there.mail
        days = {kind: getattr(rules, f"{kind}_reminders") for kind in REMINDERS}
        on = [*there.notifications, *(one for one in OFFERING_OCCASIONS if one not in rules.off)]
        written = {kind: ", ".join(map(str, one or ())) for kind, one in days.items()}
        usual = [kind for kind, one in days.items() if one is None]
        return cls(on=sorted(on), copied=sorted(rules.copied), usual=usual, **written)


class DelaysForm(Section):
    """Of requests: after how many days one may ask again, and others may decide."""

    ask_again_days: Line = ""
    escalation_days: Line = ""

    def body(self) -> dict[str, JsonValue]:
        return {"ask_again_days": self.ask_again_days or 0, "escalation_days": self.escalation_days or None}


@dataclass(frozen=True)
class Sections:
    """All of them."""

    admission: AdmissionForm
    visibility: VisibilityForm
    completion: CompletionForm
    delays: DelaysForm
    due_dates: DueDatesForm
    drop_outs: DropOutsForm
    notifications: NotificationsForm

    def with_one(self, name: str, section: Section) -> "Sections":
        """With another one in the place of the one of this name."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return Sections(**{**values, name: section})

    @classmethod
    def of(cls, there: WholeOffering, zone: ZoneInfo) -> "Sections":
        admission, completion, approvals = there.admission, there.completion, there.approvals
        opens, closes = typed(admission.opens, zone), typed(admission.closes, zone)
        escalation = "" if approvals.escalation_days is None else str(approvals.escalation_days)
        delays = DelaysForm(ask_again_days=str(approvals.ask_again_days), escalation_days=escalation)
        reviewed = CompletionForm(review=completion.review, earlier_completions=completion.earlier_completions)
        version = there.version
        return cls(
            AdmissionForm(access=admission.access, opens=opens, closes=closes).as_read(version),
            VisibilityForm(audiences=sorted(there.visibility.audiences)).as_read(version),
            reviewed.as_read(version),
            delays.as_read(version),
            DueDatesForm(earliest_due=there.earliest_due).as_read(version),
            DropOutsForm(keep_begun=there.keep_begun).as_read(version),
            NotificationsForm.of(there).as_read(version),
        )
