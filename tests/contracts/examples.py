"""One example of every event class: what its golden bytes say, in Python.

A new class gets a line here and, by `python tests/contracts/examples.py`, a golden file. That file is the stored form of
the event for ever, so it is written once and never again; a line here changes only where a class is upcast.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from shared.contracts import approval_stages, approvals, catalog, directory, enrollment, keys
from shared.events import Event, TextRef, encode

GOLDEN = Path(__file__).parent / "golden"

STREAM = UUID("5a1f0000-0000-4000-8000-000000000001")
VERSION = 3
"""Every example is the third event of this stream."""


def some(number: int) -> UUID:
    return UUID(int=0x5A1F0000_0000_4000_8000_000000000000 + number)


AT = {"originator_id": STREAM, "originator_version": VERSION}
PRICE = catalog.Price(amount=Decimal("149.50"), currency="EUR")
REASON = TextRef(id=some(90), digest="0f" * 32)
JOB = directory.Job(
    id=some(20),
    organisation=some(21),
    position=some(22),
    manager_job=some(23),
    manager=some(24),
    temporary_manager_job=some(25),
    temporary_manager=some(26),
    temporary_until=date(2027, 2, 28),
    starts=date(2026, 1, 1),
    ends=date(2028, 12, 31),
    position_assigned_on=date(2026, 3, 1),
)
HELD = {"person_id": some(10), "offering_id": some(11), "assignment_id": some(12)}
STANDING = {"person_id": some(10), "offering_id": some(11), "term": 2}


def of_catalog() -> Iterator[Event]:
    yield catalog.CourseDescribed(
        **AT,
        code="FORK-1",
        title="Driving a forklift: “safely”",
        description="Two days, with a lab.",
        activities=(
            catalog.Activity(kind="content", title="Rules"),
            catalog.Activity(kind="lab", title="Yard"),
            catalog.Activity(kind="exam", title="Test"),
        ),
        minimum_minutes=480,
        access_days=90,
        certificate="forklift",
        badge="forklift-driver",
        price=PRICE,
    )
    yield catalog.CertificationDescribed(
        **AT,
        code="WAREHOUSE",
        title="Warehouse safety",
        description="",
        minimum_minutes=None,
        certificate=None,
        badge=None,
        price=None,
    )
    yield catalog.QualificationDescribed(
        **AT,
        code="FITTER",
        title="Fitter",
        description="Works alone.",
        items=(some(11), some(14)),
        certificate="fitter",
        badge=None,
        price=None,
    )
    steps = (
        catalog.Step(kind="course", title="Forklift", course_id=some(11)),
        catalog.Step(kind="exam", title="Test"),
        catalog.Step(kind="task", title="Tour"),
    )
    yield catalog.VersionDrafted(**AT, version=2, steps=steps)
    yield catalog.VersionPublished(**AT, version=2)
    yield catalog.VersionRetired(**AT, version=1)
    yield catalog.OfferingActivated(**AT)
    yield catalog.OfferingDeactivated(**AT)
    yield catalog.NotificationsSwitched(**AT, on=("assigned", "withdrawn"))
    yield catalog.MailConfigured(
        **AT,
        off=("exceptions", "overdue"),
        copied=("assigned",),
        due_reminders=(-14, -1, 1),
        certificate_reminders=None,
        access_reminders=(),
    )
    yield catalog.DropOutsDecided(**AT, keep_begun=False)
    yield catalog.DueDatesCombined(**AT, earliest=True)
    yield catalog.CompletionReviewSwitched(**AT, review=True)
    yield catalog.LearnerAccessChosen(**AT, access="self-enrollment")
    link = catalog.LinkedQualification(qualification_id=some(11), required=True)
    yield catalog.JobRoleDescribed(**AT, code="NURSE", name="Nurse", description="On a ward.", qualifications=(link,))
    yield catalog.JobRoleRemoved(**AT)
    yield catalog.VisibilityChosen(**AT, audiences=(some(40), some(41)))
    opens = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
    yield catalog.EnrolmentWindowSet(**AT, opens=opens, closes=None)
    yield catalog.EarlierCompletionsDecided(**AT, count=True)


def of_directory() -> Iterator[Event]:
    yield directory.FrameworkCreated(**AT, kind="organisation", name="Legal entities", external_id="LEGAL")
    yield directory.UnitCreated(
        **AT, kind="position", framework=some(30), parent=some(31), name="Fitter", external_id="P-7"
    )
    yield directory.UnitMoved(**AT, kind="organisation", framework=some(30), parent=None)
    yield directory.UnitRenamed(**AT, kind="organisation", name="Zürich works")
    yield directory.OrganisationProfiled(
        **AT, access_days=90, anonymous_registration=False, key_field=None, time_zone="Europe/Zurich"
    )
    yield directory.UnitRemoved(**AT, kind="position")
    dates = {"driving_licence": date(2024, 2, 29)}
    yield directory.PersonRegistered(**AT, home_organisation=some(21), country="DE", dates=dates)
    yield directory.PersonMoved(**AT, home_organisation=None)
    yield directory.PersonDescribed(**AT, country=None, dates=dates)
    yield directory.PersonDeactivated(**AT, why="left")
    yield directory.PersonReactivated(**AT)
    yield directory.FirstSignedIn(**AT, at=datetime(2026, 11, 23, 7, 59, 30, tzinfo=UTC))
    yield directory.JobAssigned(**AT, job=JOB)
    yield directory.JobEnded(**AT, job=some(20))
    yield directory.PermissionRoleGranted(**AT, role="auditor", organisation=some(21))
    yield directory.PermissionRoleRevoked(**AT, role="site-administrator", organisation=None)
    yield directory.MachineClientCreated(**AT, permissions=("read-directory", "assign"), organisation=some(21))
    yield directory.MachineClientSecretRotated(**AT, old_until=datetime(2026, 11, 29, 8, 0, tzinfo=UTC))
    yield directory.MachineClientRevoked(**AT)
    yield directory.AudienceCreated(**AT, name="First aiders", external_id="A-1")
    yield directory.AudienceRemoved(**AT)
    rule = directory.AudienceRule(
        organisations=(directory.UnitCondition(unit=some(21), include_below=True),),
        positions=(directory.UnitCondition(unit=some(22)),),
        countries=("DE", "SE"),
        fields=(directory.DateCondition(field="driving_licence", on_or_before=date(2024, 2, 29)),),
    )
    yield directory.AudienceRuled(**AT, rule=rule)
    yield directory.AudienceMembersAdded(**AT, people=(some(10), some(13)))
    yield directory.AudienceMembersRemoved(**AT, people=(some(13),))
    yield directory.BatchStarted(**AT, feed="import")
    yield directory.BatchFinished(**AT, outcomes={"created": 4998, "refused": 2})


def of_enrollment() -> Iterator[Event]:
    yield enrollment.AssignmentCreated(
        **AT, offering_id=some(11), type="organisation", target_id=some(21), include_below=True
    )
    yield enrollment.AssignmentRemoved(**AT, reason=REASON)
    yield enrollment.LearnerAssigned(**AT, **HELD, term=1)
    yield enrollment.LearnerUnassigned(**AT, **HELD, term=1, why="dropped-out")
    yield enrollment.LearnerWithdrawn(**AT, **STANDING)
    yield enrollment.EnrollmentLeftWithoutSource(**AT, **STANDING)
    yield enrollment.LearnerExcluded(**AT, **HELD, why="removed-by-hand", reason=REASON)
    yield enrollment.ExclusionLifted(**AT, **HELD)
    yield enrollment.TrainingBegun(**AT, **STANDING)
    yield enrollment.StepCompleted(**AT, **STANDING, step=3)
    yield enrollment.EnrollmentCompleted(
        **AT, **STANDING, version=2, completed_at=datetime(2026, 11, 23, 5, 30, 0, 250_000, tzinfo=UTC)
    )
    yield enrollment.EnrollmentCancelled(**AT, **STANDING)
    yield enrollment.AccessShortened(**AT, **HELD, term=1, access_until=date(2027, 1, 31))
    yield enrollment.AccessExpired(**AT, **STANDING)
    yield enrollment.OrderPlaced(**AT, **STANDING, order_id=some(30), price=PRICE)
    yield enrollment.PaymentReceived(**AT, **STANDING, order_id=some(30), by="provider")
    yield enrollment.PaymentFailed(**AT, **STANDING, order_id=some(30))
    yield enrollment.PaymentRefunded(**AT, **STANDING, order_id=some(30), reopens=True)
    yield enrollment.ExamTaken(**AT, **STANDING, step=2, score=79, pass_mark=80, passed=False)
    yield enrollment.LabLaunched(**AT, **STANDING, step=1)
    yield enrollment.CompletionSubmitted(**AT, **STANDING, version=2)
    yield enrollment.CompletionRejected(**AT, **STANDING, steps=(2, 3), reason=REASON)
    yield enrollment.CompletionTakenBack(**AT, **STANDING, steps=(3,), reason=REASON)
    rule = enrollment.DueRule(kind="field", amount=3, unit="months", field="driving_licence")
    yield enrollment.DueRuleSet(**AT, due=rule)
    group = {"name": "Morning", "description": "In room 3", "allow_enrol": True, "allow_withdraw": False}
    yield enrollment.GroupDescribed(**AT, **group, opens=datetime(2026, 12, 1, 8, 0, tzinfo=UTC), closes=None)
    yield enrollment.ChangeHeld(**AT, enrolled=20_000, withdrawn=3)
    yield enrollment.ChangeReleased(**AT, reason=REASON)
    yield enrollment.GroupJoined(**AT, **HELD, by="learner")
    yield enrollment.GroupLeft(**AT, **HELD, by="administrator")
    yield enrollment.DueDateSet(**AT, **STANDING, due_on=date(2027, 1, 31), by="hand", reason=REASON)
    hold = enrollment.Hold(assignment_id=some(12), since=date(2026, 11, 23), cause="time-allowance 2026-11-24 10080")
    learner = {"person_id": some(10), "offering_id": some(11)}
    yield enrollment.ExceptionRaised(**AT, **learner, kinds=("time-allowance",), holds=(hold,))
    yield enrollment.ExceptionAnswered(**AT, **learner, resolution="not-assigned", reason=REASON)
    yield enrollment.HoldEnded(**AT, **HELD)
    days = {"completed_on": date(2026, 11, 23), "valid_until": date(2028, 11, 22)}
    yield enrollment.CertificateIssued(**AT, **STANDING, serial="ABCD-EFGH-IJKL-MNOP", **days)
    yield enrollment.CertificateRevoked(**AT, **STANDING, serial="ABCD-EFGH-IJKL-MNOP", reason=REASON)


def of_rules() -> Iterator[Event]:
    """Triggers, job roles, requirements."""
    when = enrollment.TriggerCondition(kind="organisation", target_id=some(20), include_below=True)
    gives = {"assignment_id": some(12), "offering_id": some(11), "job_role_id": None}
    yield enrollment.TriggerCreated(**AT, name="Newcomers of the north", when=when, **gives, undo=True)
    yield enrollment.TriggerApplied(**AT)
    yield enrollment.TriggerStopped(**AT, why="loop", take_back=False, loop=(some(40), some(41)))
    fired = {"person_id": some(10), "trigger_id": some(40), "offering_id": None, "job_role_id": some(42)}
    yield enrollment.TriggerFired(**AT, **fired)
    yield enrollment.TriggerTakenBack(**AT, **fired)
    yield enrollment.JobRoleAssigned(**AT, person_id=some(10), job_role_id=some(42))
    yield enrollment.JobRoleUnassigned(**AT, person_id=some(10), job_role_id=some(42), reason=REASON)
    yield enrollment.RequirementSet(**AT, required=False)


def with_later_members() -> Iterator[Event]:
    """Of classes that got members after they were published: whole, as they are written today."""
    course = next(event for event in of_catalog() if isinstance(event, catalog.CourseDescribed))
    exam = catalog.Activity(kind="exam", title="Test", pass_mark=80)
    yield course.model_copy(update={"activities": (exam,), "in_order": True})
    step = catalog.Step(kind="exam", title="Test", pass_mark=80)
    yield catalog.VersionDrafted(**AT, version=2, steps=(step,), in_order=True)
    shared = {"access_days": 30, "note": REASON, "important": True}
    target = {"type": "self", "target_id": some(10), "include_below": False}
    yield enrollment.AssignmentCreated(**AT, offering_id=some(11), **target, **shared)
    until = date(2027, 5, 22)
    yield enrollment.LearnerAssigned(**AT, **HELD, term=2, access_until=until, price=PRICE, afresh=True)
    yield enrollment.StepCompleted(**AT, **STANDING, step=3, credited_from=some(31))
    told = {"valid_until": date(2028, 11, 22), "recorded": "imported", "evidence": REASON}
    at = datetime(2026, 11, 23, tzinfo=UTC)
    yield enrollment.EnrollmentCompleted(**AT, **STANDING, version=None, completed_at=at, **told)
    yield directory.OrganisationProfiled(
        **AT, access_days=None, anonymous_registration=None, key_field=None, time_zone=None, contact=REASON
    )


def with_still_later_members() -> Iterator[Event]:
    """Of classes that got members once more."""
    yield enrollment.AssignmentRemoved(**AT, reason=REASON, undone=True)
    set_by = {"access_days": None, "anonymous_registration": None, "key_field": None, "time_zone": None}
    record = {"record_assignment_types": True, "record_assignment_names": False}
    yield directory.OrganisationProfiled(**AT, **set_by, contact=REASON, **record)
    rule = enrollment.DueRule(kind="completion", amount=2, unit="weeks", offering_id=some(14))
    target = {"type": "group", "target_id": some(12), "include_below": False}
    yield enrollment.AssignmentCreated(**AT, offering_id=some(11), **target, due=rule)
    due = {"due_on": date(2027, 1, 31), "since": date(2026, 11, 23)}
    yield enrollment.LearnerAssigned(**AT, **HELD, term=2, **due)


def with_members_of_qualifications() -> Iterator[Event]:
    """Of a class that got members a third time."""
    target = {"type": "job-role", "target_id": some(42), "include_below": False}
    yield enrollment.AssignmentCreated(**AT, offering_id=some(11), **target, required=False)


def with_who_reports_and_how_to_get_there() -> Iterator[Event]:
    """Of classes that tell of activities and steps; and a course that is begun by a certification."""
    course = next(event for event in of_catalog() if isinstance(event, catalog.CourseDescribed))
    lab = catalog.Activity(
        kind="lab",
        title="Crane",
        reported_by="learner",
        address="https://labs.example/crane",
        description="Lift a box.",
        system_requirements="A mouse.",
        connection="Port 443.",
    )
    yield course.model_copy(update={"activities": (lab,)})
    tour = catalog.Step(kind="task", title="Tour", reported_by="learning-system")
    yield catalog.VersionDrafted(**AT, version=2, steps=(tour,))
    yield enrollment.TrainingBegun(**AT, **STANDING, via=some(31), afresh=True)


def of_access() -> Iterator[Event]:
    """Of what brings one person to an offering because another service decided so."""
    yield catalog.ApprovalsConfigured(
        **AT,
        access=(
            approval_stages.ApprovalStage(approvers=(approval_stages.Approver(kind="manager"),)),
            approval_stages.ApprovalStage(
                approvers=(
                    approval_stages.Approver(kind="person", person_id=some(10)),
                    approval_stages.Approver(kind="role", role="enrollment-manager"),
                ),
                needs="all",
            ),
        ),
        later_due_date=(),
        completion=(),
        ask_again_days=30,
        escalation_days=None,
    )
    yield enrollment.AdmissionRefused(
        **AT,
        type="key",
        origin_id=some(60),
        person_id=some(10),
        offering_id=some(11),
        kind="offering-inactive",
        detail="'Driving a forklift' is not active. Activate it first.",
    )


def of_keys() -> Iterator[Event]:
    pool = {"pool_id": some(70)}
    yield keys.PoolDescribed(
        **AT,
        name="Forklift, spring",
        offering_id=some(11),
        organisation_id=some(21),
        starts=datetime(2026, 12, 1, tzinfo=UTC),
        expires=datetime(2027, 6, 1, tzinfo=UTC),
        access_days=60,
        share_below=True,
    )
    yield keys.KeyAdded(**AT, **pool, fingerprint="0f1e2d3c4b5a6978", generated=True)
    asked = {**pool, "redemption_id": some(60), "person_id": some(10), "offering_id": some(11)}
    yield keys.KeyHeld(**AT, **asked)
    yield keys.KeyReserved(**AT, **asked, access_days=60)
    yield keys.KeyRedeemed(**AT, **asked, assignment_id=some(12))
    yield keys.KeyReleased(**AT, **asked, kind="still-enrolled")
    held = {"person_id": some(10), "assignment_id": some(12)}
    yield keys.KeyRevoked(**AT, **pool, reason=REASON, **held, end_assignment=True, override=False)
    yield keys.KeyReopened(**AT, **pool, reason=REASON)
    yield keys.KeysExported(**AT, **pool, format="xlsx", state="free", keys=250)
    to = {"recipient_id": some(61), "person_id": some(10)}
    yield keys.KeySent(**AT, **pool, **to, offering_id=some(11), mailing_id=some(62))
    yield keys.KeyReminded(**AT, **pool, **to, offering_id=some(11))
    yield keys.KeyTakenBack(**AT, **pool, **to)
    of = {**pool, "offering_id": some(11), "organisation_id": some(21)}
    yield keys.PoolRanLow(**AT, **of, percent=75, used=30, keys=40)
    yield keys.PoolExpiring(**AT, **of, expires=datetime(2027, 6, 1, tzinfo=UTC), unused=12)


def of_approvals() -> Iterator[Event]:
    stages = (approval_stages.ApprovalStage(approvers=(approval_stages.Approver(kind="manager"),)),)
    whom = {"person_id": some(10), "offering_id": some(11)}
    about = {"kind": "access", **whom}
    decided = {"stage": 1, "approver_id": some(24), "for_id": some(25), "reason": REASON}
    yield approvals.AccessRequested(**AT, **whom, stages=stages, reason=REASON)
    yield approvals.LaterDueDateRequested(
        **AT, **whom, enrollment_id=STREAM, due_on=date(2027, 1, 31), stages=stages, reason=REASON
    )
    yield approvals.CompletionReviewRequested(**AT, **whom, enrollment_id=STREAM, term=2, stages=stages)
    yield approvals.StageOpened(**AT, **about, stage=1, approvers=(some(24), some(25)), nobody_found=False)
    yield approvals.StageApproved(**AT, **about, **decided, entries=(1, 2), passed=True)
    yield approvals.RequestApproved(**AT, **about, enrollment_id=None, due_on=None, term=None, reason=None)
    yield approvals.RequestDenied(**AT, **about, **decided, enrollment_id=STREAM, term=2)
    yield approvals.RequestEscalated(**AT, **about, stage=1, approvers=(some(26),))
    yield approvals.RequestWithdrawn(**AT, **about)
    yield approvals.RequestClosed(**AT, **about, why="offering-inactive")
    yield approvals.RequestFulfilled(**AT, **about, assignment_id=some(12))
    yield approvals.RequestRefused(
        **AT, **about, problem="offering-inactive", detail="'Driving a forklift' is not active. Activate it first."
    )
    yield approvals.RequestedAssignmentEnded(**AT, **about, assignment_id=some(12), why="cancelled")
    yield approvals.DecisionRefused(
        **AT, **about, request_id=some(61), approver_id=some(24), decision="deny", problem="already-decided"
    )
    yield approvals.DecisionsDelegated(
        **AT, person_id=some(24), to_id=some(25), starts=date(2026, 12, 1), ends=date(2026, 12, 24)
    )
    yield approvals.DelegationEnded(**AT, person_id=some(24))
    yield approvals.DecisionsWaited(
        **AT, person_id=some(24), day=date(2026, 11, 30), requests=3, oldest=date(2026, 11, 23)
    )


def with_an_origin() -> Iterator[Event]:
    """Of a class that got a member once more: where an assignment of the types request and key comes from."""
    target = {"type": "request", "target_id": some(10), "include_below": False}
    yield enrollment.AssignmentCreated(**AT, offering_id=some(11), **target, origin_id=some(61))


def with_a_reason() -> Iterator[Event]:
    """Of a class that got a member once more: why something was assigned."""
    target = {"type": "organisation", "target_id": some(21), "include_below": True}
    yield enrollment.AssignmentCreated(**AT, offering_id=some(11), **target, reason=REASON)


def with_a_time_of_day() -> Iterator[Event]:
    """Of classes that tell of due dates, since these may have one."""
    rule = enrollment.DueRule(kind="fixed", on=date(2027, 1, 31), time="17:00")
    yield enrollment.DueRuleSet(**AT, due=rule)
    due = {"due_on": date(2027, 1, 31), "due_at": "17:00"}
    yield enrollment.LearnerAssigned(**AT, **HELD, term=2, since=date(2026, 11, 23), **due)
    yield enrollment.DueDateSet(**AT, **STANDING, by="rule", **due)


FIRST: dict[str, Event] = {
    event.TOPIC: event
    for event in [
        *of_catalog(),
        *of_directory(),
        *of_enrollment(),
        *of_rules(),
        *of_access(),
        *of_approvals(),
        *of_keys(),
    ]
}
"""As they were published first, by wire name."""
EXAMPLES: dict[str, Event] = {
    **FIRST,
    **{f"{event.TOPIC}~2": event for event in with_later_members()},
    **{f"{event.TOPIC}~3": event for event in with_still_later_members()},
    **{f"{event.TOPIC}~5": event for event in (*with_who_reports_and_how_to_get_there(), *with_an_origin())},
    **{f"{event.TOPIC}~6": event for event in with_a_reason()},
    **{f"{event.TOPIC}~4": event for event in (*with_members_of_qualifications(), *with_a_time_of_day())},
}
"""By wire name; with `~2` and so on those that have members which came later."""


def golden(name: str) -> Path:
    """Where the stored form of a wire name is kept."""
    return GOLDEN / f"{name}.json"


def write_missing() -> list[str]:
    """Write the golden files that are not there yet; returns their wire names."""
    missing = [name for name in EXAMPLES if not golden(name).exists()]
    for name in missing:
        golden(name).write_bytes(encode(EXAMPLES[name]).state)
    return missing


if __name__ == "__main__":
    print("\n".join(write_missing()))
