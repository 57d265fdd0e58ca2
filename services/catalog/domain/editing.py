"""Offerings: which edits are refused, and what the others record. Pure; offering.py has the state."""

from dataclasses import replace
from uuid import UUID

from services.catalog.domain.offering import (
    Admission,
    Approvals,
    Certification,
    Completion,
    Course,
    Described,
    MailRules,
    Offering,
    Qualification,
    Version,
)
from shared.contracts.catalog import (
    ApprovalsConfigured,
    CertificationDescribed,
    CompletionReviewSwitched,
    CourseDescribed,
    DropOutsDecided,
    DueDatesCombined,
    EarlierCompletionsDecided,
    EnrolmentWindowSet,
    LearnerAccessChosen,
    MailConfigured,
    Notification,
    NotificationsSwitched,
    OfferingActivated,
    OfferingDeactivated,
    QualificationDescribed,
    Step,
    VersionDrafted,
    VersionPublished,
    VersionRetired,
    VisibilityChosen,
)
from shared.errors import Conflict, Invalid, NotFound
from shared.events import Event

_DESCRIBES: dict[type[Described], type[Event]] = {
    Course: CourseDescribed,
    Certification: CertificationDescribed,
    Qualification: QualificationDescribed,
}


def describe(state: Offering | None, id: UUID, wanted: Described) -> list[Event]:
    """Create the offering, or replace its description whole; nothing where it is so already."""
    if state and type(state.described) is not type(wanted):
        raise Conflict(
            f"'{wanted.code}' is a {state.kind}, which cannot be changed.", field="kind", kind="kind-mismatch"
        )
    if state and state.described == wanted:
        return []
    if isinstance(wanted, Qualification) and not wanted.items:
        raise Invalid("A qualification must list at least one course or certification.", field="items")
    return [_DESCRIBES[type(wanted)](originator_id=id, originator_version=_next(state), **vars(wanted))]


def draft(state: Offering, number: int, steps: tuple[Step, ...], *, in_order: bool = False) -> list[Event]:
    """Write or rewrite a draft. What was published stays as it was for ever (CAT-15)."""
    _check_certification(state)
    known = state.versions.get(number)
    if known and (known.steps, known.in_order) == (steps, in_order):
        return []
    if known and known.state != "draft":
        raise Conflict(
            f"Version {number} is {known.state} and cannot be changed. Draft version {max(state.versions) + 1} instead.",
            field="version",
            kind="version-not-editable",
        )
    if not known and number != len(state.versions) + 1:
        raise Invalid(f"The next version must be {len(state.versions) + 1}.", field="version")
    if not steps:
        raise Invalid("A version must have at least one step.", field="steps")
    told = {"version": number, "steps": steps, "in_order": in_order}
    return [VersionDrafted.unchecked_next(state.id, state.version, told)]


def publish(state: Offering, number: int) -> list[Event]:
    """New learners follow this version; the one before is retired."""
    known = _version(state, number)
    if known.state == "published":
        return []
    if known.state == "retired":
        raise Conflict(f"Version {number} is retired. Draft a new one.", field="version", kind="version-not-editable")
    events: list[Event] = []
    if state.published is not None:
        events.append(VersionRetired(originator_id=state.id, originator_version=_next(state), version=state.published))
    following = state.version + len(events) + 1
    return [*events, VersionPublished(originator_id=state.id, originator_version=following, version=number)]


def retire(state: Offering, number: int) -> list[Event]:
    """No new learner follows this version; without a published one nobody can come (CAT-3)."""
    known = _version(state, number)
    if known.state == "retired":
        return []
    return [VersionRetired(originator_id=state.id, originator_version=_next(state), version=number)]


def activate(state: Offering, *, active: bool) -> list[Event]:
    """Let new learners come, or not (CAT-4)."""
    if state.active == active:
        return []
    event = OfferingActivated if active else OfferingDeactivated
    return [event(originator_id=state.id, originator_version=_next(state))]


def switch(state: Offering, on: frozenset[Notification], mail: MailRules | None = None) -> list[Event]:
    """Which e-mails about this offering are on, and with `mail` what is so of the others (CAT-17)."""
    events: list[Event] = []
    if state.notifications != on:
        switched = NotificationsSwitched(originator_id=state.id, originator_version=_next(state), on=tuple(sorted(on)))
        events.append(switched)
    if mail is not None:
        events += configure_mail(replace(state, version=state.version + len(events)), mail)
    return events


def configure_mail(state: Offering, rules: MailRules) -> list[Event]:
    """Which other e-mails are off, which are copied to managers, and when learners are reminded (CAT-17, NTF-1)."""
    if state.mail == rules:
        return []
    event = MailConfigured(
        originator_id=state.id,
        originator_version=_next(state),
        off=tuple(sorted(rules.off)),
        copied=tuple(sorted(rules.copied)),
        due_reminders=rules.due_reminders,
        certificate_reminders=rules.certificate_reminders,
        access_reminders=rules.access_reminders,
    )
    return [event]


def combine_due_dates(state: Offering, *, earliest: bool) -> list[Event]:
    """Which of several due dates of a learner holds (DUE-3)."""
    if state.earliest_due == earliest:
        return []
    return [DueDatesCombined(originator_id=state.id, originator_version=_next(state), earliest=earliest)]


def decide_drop_outs(state: Offering, *, keep_begun: bool) -> list[Event]:
    """Whether who drops out of the last source keeps training that was begun (ASG-10)."""
    if state.keep_begun == keep_begun:
        return []
    return [DropOutsDecided(originator_id=state.id, originator_version=_next(state), keep_begun=keep_begun)]


def admit(state: Offering, admission: Admission) -> list[Event]:
    """How and when learners come by themselves (CAT-5, CAT-19)."""
    opens, closes = admission.opens, admission.closes
    if opens and closes and closes <= opens:
        raise Invalid("Enrollment must close after it opens.", field="closes")
    events: list[Event] = []
    if state.admission.access != admission.access:
        events.append(LearnerAccessChosen.unchecked_next(state.id, state.version, {"access": admission.access}))
    if (state.admission.opens, state.admission.closes) != (opens, closes):
        events.append(
            EnrolmentWindowSet.unchecked_next(state.id, state.version + len(events), {"opens": opens, "closes": closes})
        )
    return events


def choose_visibility(state: Offering, audiences: frozenset[UUID]) -> list[Event]:
    """Who sees it without being assigned: the members of these audiences; everybody where there are none (CAT-7)."""
    if state.audiences == audiences:
        return []
    return [VisibilityChosen.unchecked_next(state.id, state.version, {"audiences": tuple(sorted(audiences))})]


def decide_completion(state: Offering, completion: Completion) -> list[Event]:
    """Choose what a completion requires (CAT-12, ENR-8)."""
    events: list[Event] = []
    if state.completion.review != completion.review:
        events.append(CompletionReviewSwitched.unchecked_next(state.id, state.version, {"review": completion.review}))
    if state.completion.earlier_completions != completion.earlier_completions:
        told = {"count": completion.earlier_completions}
        events.append(EarlierCompletionsDecided.unchecked_next(state.id, state.version + len(events), told))
    return events


def configure_approvals(state: Offering, approvals: Approvals) -> list[Event]:
    """Choose who decides on requests (CAT-13). Refuses an approver who stands twice in one stage."""
    if state.approvals == approvals:
        return []
    for field in ("access", "later_due_date", "completion"):
        for stage in getattr(approvals, field):
            if len(set(stage.approvers)) < len(stage.approvers):
                raise Invalid("An approver appears more than once in one stage.", field=f"approvals.{field}")
    return [ApprovalsConfigured.unchecked_next(state.id, state.version, vars(approvals))]


def _next(state: Offering | None) -> int:
    return state.version + 1 if state else 1


def _check_certification(state: Offering) -> None:
    if state.kind != "certification":
        raise Conflict("Only certifications have versions.", kind="kind-mismatch")


def _version(state: Offering, number: int) -> Version:
    _check_certification(state)
    if number not in state.versions:
        raise NotFound(f"There is no version {number}.", field="version")
    return state.versions[number]
