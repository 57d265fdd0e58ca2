"""What each event of enrollment is in a history (AUD-1)."""

from typing import Literal

from services.enrollment.projections.names import TO_PEOPLE
from shared.contracts import enrollment as events
from shared.history import Says, Table, tell

Kind = Literal[
    "assignment-created",
    "assignment-removed",
    "due-rule-set",
    "requirement-set",
    "group-described",
    "group-joined",
    "group-left",
    "admission-refused",
    "change-held",
    "change-released",
    "learner-assigned",
    "learner-unassigned",
    "learner-withdrawn",
    "left-without-source",
    "learner-excluded",
    "exclusion-lifted",
    "enrollment-cancelled",
    "access-shortened",
    "access-expired",
    "due-date-set",
    "exception-raised",
    "exception-answered",
    "hold-ended",
    "order-placed",
    "payment-received",
    "payment-failed",
    "payment-refunded",
    "training-begun",
    "step-completed",
    "exam-taken",
    "lab-launched",
    "completion-submitted",
    "completion-rejected",
    "completion-taken-back",
    "enrollment-completed",
    "certificate-issued",
    "certificate-revoked",
    "trigger-created",
    "trigger-applied",
    "trigger-stopped",
    "trigger-fired",
    "trigger-taken-back",
    "job-role-assigned",
    "job-role-unassigned",
]

_PERSON = Says("person", "person", lambda event: event.person_id)
_OFFERING = Says("offering", "offering", lambda event: event.offering_id)
_ASSIGNMENT = Says("assignment", "assignment", lambda event: event.assignment_id)
_JOB_ROLE = Says("job_role", "job-role", lambda event: event.job_role_id)
_TRIGGER = Says("trigger", "trigger", lambda event: event.trigger_id)
_REASON = Says("reason", "note")
_TERM = Says("term", "number")
_OF_TERM = (_PERSON, _OFFERING, _TERM)
_OF_LEARNER = (_PERSON, _OFFERING, _ASSIGNMENT)
_DUE = Says("due", "due-rule", holds=True)
_REQUIRED = Says("required", "flag", holds=True)
_DUE_ON = Says("due_on", "day", holds=True, silent=True)
_DUE_AT = Says("due_at", "time", holds=True, silent=True)
_ACCESS_UNTIL = Says("access_until", "day")
_VALID_UNTIL = Says("valid_until", "day")
_SERIAL = Says("serial")
_STEP = Says("step", "number")

TABLE: Table[Kind] = {
    events.AssignmentCreated: tell(
        "assignment-created",
        _OFFERING,
        Says("type", "code"),
        Says("target", "target", lambda event: None if event.type in TO_PEOPLE else event.target_id),
        Says("person", "person", lambda event: event.target_id if event.type in TO_PEOPLE else None),
        Says("include_below", "flag", lambda event: event.include_below or None),
        _DUE,
        Says("required", "flag", holds=True),
        Says("access_days", "number"),
        Says("important", "flag", lambda event: event.important or None),
        Says("note", "note"),
        _REASON,
    ),
    events.AssignmentRemoved: tell("assignment-removed", Says("undone", "flag", lambda e: e.undone or None), _REASON),
    events.DueRuleSet: tell("due-rule-set", _DUE),
    events.RequirementSet: tell("requirement-set", _REQUIRED),
    events.GroupDescribed: tell(
        "group-described",
        Says("name", holds=True),
        Says("description", holds=True),
        Says("allow_enrol", "flag", holds=True),
        Says("allow_withdraw", "flag", holds=True),
        Says("opens", "moment", holds=True),
        Says("closes", "moment", holds=True),
    ),
    events.GroupJoined: tell("group-joined", *_OF_LEARNER, Says("by", "code")),
    events.GroupLeft: tell("group-left", *_OF_LEARNER, Says("by", "code")),
    events.AdmissionRefused: tell(
        "admission-refused", _PERSON, _OFFERING, Says("type", "code"), Says("problem", "code", lambda e: e.kind)
    ),
    events.ChangeHeld: tell("change-held", Says("enrolled", "number"), Says("withdrawn", "number")),
    events.ChangeReleased: tell("change-released", _REASON),
    events.LearnerAssigned: tell("learner-assigned", *_OF_LEARNER, _TERM, _DUE_ON, _DUE_AT, _ACCESS_UNTIL),
    events.LearnerUnassigned: tell("learner-unassigned", *_OF_LEARNER, _TERM, Says("why", "code")),
    events.LearnerWithdrawn: tell("learner-withdrawn", *_OF_TERM),
    events.EnrollmentLeftWithoutSource: tell("left-without-source", *_OF_TERM),
    events.LearnerExcluded: tell("learner-excluded", *_OF_LEARNER, Says("why", "code"), _REASON),
    events.ExclusionLifted: tell("exclusion-lifted", *_OF_LEARNER),
    events.EnrollmentCancelled: tell("enrollment-cancelled", *_OF_TERM),
    events.AccessShortened: tell("access-shortened", *_OF_LEARNER, _TERM, _ACCESS_UNTIL),
    events.AccessExpired: tell("access-expired", *_OF_TERM),
    events.DueDateSet: tell("due-date-set", *_OF_TERM, _DUE_ON, _DUE_AT, Says("by", "code"), _REASON),
    events.ExceptionRaised: tell(
        "exception-raised",
        _PERSON,
        _OFFERING,
        Says("kinds", "codes"),
        Says("assignments", "assignments", lambda event: [hold.assignment_id for hold in event.holds]),
    ),
    events.ExceptionAnswered: tell("exception-answered", _PERSON, _OFFERING, Says("resolution", "code"), _REASON),
    events.HoldEnded: tell("hold-ended", *_OF_LEARNER),
    events.OrderPlaced: tell("order-placed", *_OF_TERM, Says("price", "price")),
    events.PaymentReceived: tell("payment-received", *_OF_TERM, Says("by", "code"), _REASON),
    events.PaymentFailed: tell("payment-failed", *_OF_TERM),
    events.PaymentRefunded: tell("payment-refunded", *_OF_TERM, Says("reopens", "flag")),
    events.TrainingBegun: tell("training-begun", *_OF_TERM, Says("via", "enrollment")),
    events.StepCompleted: tell("step-completed", *_OF_TERM, _STEP, Says("credited_from", "enrollment")),
    events.ExamTaken: tell(
        "exam-taken", *_OF_TERM, _STEP, Says("score", "number"), Says("pass_mark", "number"), Says("passed", "flag")
    ),
    events.LabLaunched: tell("lab-launched", *_OF_TERM, _STEP),
    events.CompletionSubmitted: tell("completion-submitted", *_OF_TERM, Says("version", "number")),
    events.CompletionRejected: tell("completion-rejected", *_OF_TERM, Says("steps", "numbers"), _REASON),
    events.CompletionTakenBack: tell("completion-taken-back", *_OF_TERM, Says("steps", "numbers"), _REASON),
    events.EnrollmentCompleted: tell(
        "enrollment-completed",
        *_OF_TERM,
        Says("version", "number"),
        Says("completed_at", "moment"),
        _VALID_UNTIL,
        Says("recorded", "code"),
        Says("evidence", "note"),
    ),
    events.CertificateIssued: tell("certificate-issued", *_OF_TERM, _SERIAL, Says("completed_on", "day"), _VALID_UNTIL),
    events.CertificateRevoked: tell("certificate-revoked", *_OF_TERM, _SERIAL, _REASON),
    events.TriggerCreated: tell(
        "trigger-created", Says("name"), Says("when", "condition"), _OFFERING, _JOB_ROLE, Says("undo", "flag")
    ),
    events.TriggerApplied: tell("trigger-applied"),
    events.TriggerStopped: tell("trigger-stopped", Says("why", "code"), Says("take_back", "flag"), _REASON),
    events.TriggerFired: tell("trigger-fired", _PERSON, _TRIGGER, _OFFERING, _JOB_ROLE),
    events.TriggerTakenBack: tell("trigger-taken-back", _PERSON, _TRIGGER, _OFFERING, _JOB_ROLE),
    events.JobRoleAssigned: tell("job-role-assigned", _PERSON, _JOB_ROLE),
    events.JobRoleUnassigned: tell("job-role-unassigned", _PERSON, _JOB_ROLE, _REASON),
}
