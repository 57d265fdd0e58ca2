"""What each event of the catalog is in a history (AUD-1)."""

from collections.abc import Mapping, Sequence
from typing import Literal
from uuid import UUID

from shared.contracts import catalog as events
from shared.database import Connection, pairs, scalar
from shared.history import Says, Subject, Table, tell

Kind = Literal[
    "course-described",
    "certification-described",
    "qualification-described",
    "version-drafted",
    "version-published",
    "version-retired",
    "offering-activated",
    "offering-deactivated",
    "drop-outs-decided",
    "due-dates-combined",
    "completion-review-switched",
    "learner-access-chosen",
    "visibility-chosen",
    "enrollment-window-set",
    "earlier-completions-decided",
    "approvals-configured",
    "notifications-switched",
    "mail-configured",
    "job-role-described",
    "job-role-removed",
]
SubjectKind = Literal["offering", "job-role"]

_CODE = Says("code", holds=True)
_TITLE = Says("title", holds=True)
_DESCRIPTION = Says("description", holds=True)
_ISSUED = (Says("certificate", holds=True), Says("badge", holds=True), Says("price", "price", holds=True))
_MINUTES = Says("minimum_minutes", "number", holds=True)
_VERSION = Says("version", "number")
_IN_ORDER = Says("in_order", "flag", holds=True)

TABLE: Table[Kind] = {
    events.CourseDescribed: tell(
        "course-described",
        _CODE,
        _TITLE,
        _DESCRIPTION,
        Says("activities", "parts", holds=True),
        _MINUTES,
        Says("access_days", "number", holds=True),
        *_ISSUED,
        _IN_ORDER,
    ),
    events.CertificationDescribed: tell("certification-described", _CODE, _TITLE, _DESCRIPTION, _MINUTES, *_ISSUED),
    events.QualificationDescribed: tell(
        "qualification-described", _CODE, _TITLE, _DESCRIPTION, Says("items", "offerings", holds=True), *_ISSUED
    ),
    events.VersionDrafted: tell("version-drafted", _VERSION, Says("steps", "parts"), Says("in_order", "flag")),
    events.VersionPublished: tell("version-published", _VERSION),
    events.VersionRetired: tell("version-retired", _VERSION),
    events.OfferingActivated: tell("offering-activated"),
    events.OfferingDeactivated: tell("offering-deactivated"),
    events.DropOutsDecided: tell("drop-outs-decided", Says("keep_begun", "flag", holds=True)),
    events.DueDatesCombined: tell("due-dates-combined", Says("earliest", "flag", holds=True)),
    events.CompletionReviewSwitched: tell("completion-review-switched", Says("review", "flag", holds=True)),
    events.LearnerAccessChosen: tell("learner-access-chosen", Says("access", "code", holds=True)),
    events.VisibilityChosen: tell("visibility-chosen", Says("audiences", "audiences", holds=True)),
    events.EnrolmentWindowSet: tell(
        "enrollment-window-set", Says("opens", "moment", holds=True), Says("closes", "moment", holds=True)
    ),
    events.EarlierCompletionsDecided: tell("earlier-completions-decided", Says("count", "flag", holds=True)),
    events.ApprovalsConfigured: tell(
        "approvals-configured",
        Says("access", "stages", holds=True),
        Says("later_due_date", "stages", holds=True),
        Says("completion", "stages", holds=True),
        Says("ask_again_days", "number", holds=True),
        Says("escalation_days", "number", holds=True),
    ),
    events.NotificationsSwitched: tell("notifications-switched", Says("on", "codes", holds=True)),
    events.MailConfigured: tell(
        "mail-configured",
        Says("off", "codes", holds=True),
        Says("copied", "codes", holds=True),
        Says("due_reminders", "numbers", holds=True),
        Says("certificate_reminders", "numbers", holds=True),
        Says("access_reminders", "numbers", holds=True),
    ),
    events.JobRoleDescribed: tell(
        "job-role-described",
        _CODE,
        Says("name", holds=True),
        _DESCRIPTION,
        Says(
            "qualifications",
            "offerings",
            lambda event: [one.qualification_id for one in event.qualifications],
            holds=True,
        ),
    ),
    events.JobRoleRemoved: tell("job-role-removed"),
}


def of(kind: SubjectKind, id: UUID) -> Subject:
    """Whose stream it is, and nothing else's that has such an id."""
    roles = [events.JobRoleDescribed.TOPIC, events.JobRoleRemoved.TOPIC]
    condition = "e.type = ANY(%(roles)s)" if kind == "job-role" else "e.type <> ALL(%(roles)s)"
    return Subject(f"e.stream = %(stream)s AND {condition}", {"stream": id, "roles": roles})


def known(conn: Connection, kind: SubjectKind, id: UUID) -> bool:
    """It is there, or was."""
    subject = of(kind, id)
    query = f"SELECT EXISTS (SELECT FROM events e WHERE {subject.condition})"
    return scalar(conn, query, bool, subject.values)


def called(conn: Connection, ids: Sequence[UUID]) -> Mapping[UUID, str]:
    """The titles of offerings; audiences are the directory's."""
    if not ids:
        return {}
    return dict(pairs(conn, "SELECT id, title FROM offering WHERE id = ANY(%s)", UUID, str, [list(ids)]))
