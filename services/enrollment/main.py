"""The wiring of enrollment."""

from collections.abc import Callable
from datetime import timedelta

import httpx

from services.enrollment import spreadsheets
from services.enrollment.api import ROUTES
from services.enrollment.application.admissions import ADMISSION, Admissions
from services.enrollment.application.assignments.commands import AssignmentCommands
from services.enrollment.application.assignments.edits import AssignmentEdits
from services.enrollment.application.calendars import Calendars
from services.enrollment.application.enrollments.base import EnrollmentCommands
from services.enrollment.application.enrollments.browsing import OfferingBrowser
from services.enrollment.application.enrollments.cancellation import AccessExpiry, Cancellation
from services.enrollment.application.enrollments.cards import LearnerCards
from services.enrollment.application.enrollments.certificates import Certificates
from services.enrollment.application.enrollments.completions import CompletionCommands
from services.enrollment.application.enrollments.exception_facts import ExceptionQueries
from services.enrollment.application.enrollments.exceptions import ExceptionCommands
from services.enrollment.application.enrollments.payments import Payments
from services.enrollment.application.enrollments.progress import CREDIT, CourseCredits, ProgressCommands
from services.enrollment.application.enrollments.qualifications import QualificationAwards
from services.enrollment.application.enrollments.sources import Sources
from services.enrollment.application.enrollments.steps import StepQueries
from services.enrollment.application.enrollments.views import EnrollmentQueries
from services.enrollment.application.enrollments.why import WhyQueries
from services.enrollment.application.evaluation import circuit_breaker
from services.enrollment.application.evaluation.circuit_breaker import CircuitBreaker
from services.enrollment.application.evaluation.evaluator import Evaluator
from services.enrollment.application.evaluation.fan_out import FanOut
from services.enrollment.application.evaluation.trigger_initialization import TriggerInitialization
from services.enrollment.application.groups import GroupCommands
from services.enrollment.application.history import EnrollmentHistories
from services.enrollment.application.imports.completions import CompletionImport
from services.enrollment.application.imports.learners import LearnerImport
from services.enrollment.application.job_roles import JobRoleCommands, JobRoleSync
from services.enrollment.application.ledger import Enrollments
from services.enrollment.application.manifest import ManifestApplier
from services.enrollment.application.previews.commands import FORGOTTEN, Previews
from services.enrollment.application.previews.confirming import AssignSelection
from services.enrollment.application.previews.counting import CountSelection, PartSize
from services.enrollment.application.previews.selecting import SelectionPreviews
from services.enrollment.application.previews.selections import Selections
from services.enrollment.application.triggers import LoopCheck, TriggerCommands
from services.enrollment.application.undo.commands import Undo
from services.enrollment.application.undo.planning import Planner
from services.enrollment.application.undo.queries import BatchQueries
from services.enrollment.application.undo.revocation import RevokeGrants
from services.enrollment.application.undo.rules import RevokeJobRoles
from services.enrollment.launch_address import LaunchAddresses
from services.enrollment.payment_provider import HostedCheckout
from services.enrollment.projections import calendars as calendar_rows
from services.enrollment.projections import payments as payment_rows
from services.enrollment.reactions.approvals import ApprovalFacts
from services.enrollment.reactions.catalog import CatalogFacts
from services.enrollment.reactions.dates import DateFacts
from services.enrollment.reactions.directory import PLACEMENT, DirectoryFacts, Placement
from services.enrollment.reactions.job_roles import JobRoleFacts
from services.enrollment.reactions.keys import KeyFacts
from services.enrollment.reactions.offering_texts import OfferingTexts
from services.enrollment.reactions.organisations import OrganisationFacts
from services.enrollment.reactions.profiles import Profiles
from services.enrollment.spreadsheets import SpreadsheetReader
from shared.attempts import AttemptLimits, Attempts
from shared.audit.routes import audit_routes
from shared.audit.sealing import Sealer
from shared.auth import Verifier
from shared.consumer import Consumer
from shared.database import Database
from shared.feeds import Feeds
from shared.feeds.configured import configured
from shared.http import provide, serve, service_app
from shared.jobs import JobKind, Worker
from shared.letters import letter_routes
from shared.replay import Comparison, Projection, replay_separately
from shared.service import Isolating, Service
from shared.service_client import ServiceClient, trusted
from shared.settings import Settings
from shared.store import RetentionWorker
from shared.timers import TimerHandler, TimerWorker
from shared.worker_errors import WorkerErrors

PACKAGE = "services.enrollment"
"""Where this service's migrations are."""


_FORGOTTEN = {**FORGOTTEN, **payment_rows.FORGOTTEN, **calendar_rows.FORGOTTEN}


def handlers() -> list[Projection]:
    """One for each source; of some several, which have read it from the beginning at different times."""
    return [
        DirectoryFacts(),
        DateFacts(),
        OrganisationFacts(),
        CatalogFacts(),
        OfferingTexts(),
        JobRoleFacts(),
        Profiles(),
        ApprovalFacts(),
        KeyFacts(),
    ]


def build(settings: Settings, *, feeds: Feeds, verifier: Verifier) -> Service:
    """The service on its migrated database; `feeds` opens another service's source."""
    database = Database(settings.database_url, application="enrollment", max_size=settings.database_pool)
    ledger = Enrollments(database)
    limits = circuit_breaker.Limits(settings.breaker_learners, settings.breaker_share, settings.breaker_minimum)
    breaker = CircuitBreaker(ledger, limits, settings.evaluator_chunk)
    evaluator = Evaluator(
        database,
        ledger.store,
        chunk=settings.evaluator_chunk,
        pause=settings.worker_pause,
        breaks=breaker.breaks,
        set_aside_limit=settings.set_aside_limit,
    )
    enrolled = EnrollmentCommands(ledger, evaluator)
    provider = HostedCheckout(settings.payment_url, settings.payment_secret, settings.base_url)
    directory = httpx.Client(base_url=settings.base_url, timeout=settings.selection_answer_seconds, verify=trusted())
    secret = settings.service_secret
    selections = Selections(ServiceClient(directory, "rollbook-enrollment", secret) if secret else None)
    app = service_app(
        "enrollment", settings=settings, database=database, verifier=verifier, ready=lambda: _ready(database, settings)
    )
    attempts = Attempts(database, AttemptLimits.of(settings))
    provide(
        app,
        breaker,
        _calendars(settings, ledger, attempts),
        *_commands(settings, ledger, enrolled, provider, selections),
    )
    serve(app, ROUTES)
    app.include_router(audit_routes("enrollment", database, settings))
    expansion = FanOut(database, evaluator, settings.evaluator_chunk, settings.job_step)
    revocation = RevokeGrants(database, evaluator)
    assigning = AssignmentCommands(ledger, settings.assignment_rows_limit)
    size = PartSize(settings.selection_part, settings.assignment_rows_limit, settings.evaluator_chunk)
    kinds: list[JobKind] = [
        expansion,
        CountSelection(database, selections, size, settings.worker_pause),
        AssignSelection(database, assigning, size),
        revocation,
        RevokeJobRoles(database, ledger.store, settings.evaluator_chunk),
        TriggerInitialization(database),
        LoopCheck(ledger),
        JobRoleSync(ledger, assigning),
    ]
    consumers = [Consumer(database, feeds.open(h.source, h.group), h, settings) for h in handlers()]
    workers: list[Isolating] = [
        evaluator,
        AccessExpiry(database, ledger.store, settings.evaluator_chunk),
        QualificationAwards(enrolled, chunk=settings.evaluator_chunk, pause=settings.worker_pause),
        Worker("enrollment jobs", database, kinds, settings.worker_pause, turns=True),
        TimerWorker("enrollment timers", database, _rings(settings, enrolled), settings.worker_pause),
    ]
    app.include_router(letter_routes("enrollment", database, consumers, [*workers, revocation]))
    return Service(
        "enrollment",
        app,
        work={
            "worker": [
                *workers,
                Sealer("enrollment", database, settings),
                RetentionWorker("enrollment", database, settings.command_days, {**_FORGOTTEN, **attempts.expired}),
            ],
            "consumer": consumers,
            "relay": feeds.publishers(database, "enrollment"),
        },
        close=lambda: _close(database, provider, directory),
        ready=lambda: _ready(database, settings),
        errors=WorkerErrors(database),
    )


def _commands(
    settings: Settings,
    ledger: Enrollments,
    enrolled: EnrollmentCommands,
    provider: HostedCheckout,
    selections: Selections,
) -> tuple[object, ...]:
    """What the routes use."""
    assigning, completing = AssignmentCommands(ledger, settings.assignment_rows_limit), CompletionCommands(enrolled)
    rows, planner = settings.assignment_rows_limit, Planner(assigning)
    grouping = GroupCommands(enrolled, assigning, rows)
    editing, triggering = AssignmentEdits(ledger, assigning), TriggerCommands(ledger)
    return (
        ledger.database,
        assigning,
        selections,
        Previews(
            ledger, assigning, editing, triggering, SelectionPreviews(ledger, selections), settings.evaluator_chunk
        ),
        EnrollmentQueries(ledger.database),
        WhyQueries(ledger.database),
        EnrollmentHistories(ledger.database),
        ProgressCommands(enrolled, assigning, LaunchAddresses(settings.launch_secret)),
        Cancellation(enrolled, assigning),
        completing,
        Payments(enrolled, provider, settings.payment_secret, settings.payment_tolerance),
        Certificates(ledger.database, settings.base_url, settings.certificate_issuer),
        editing,
        CompletionImport(assigning, completing, settings.assignment_rows_limit),
        _spreadsheets(settings, assigning),
        grouping,
        ExceptionCommands(enrolled, settings.exception_rows_limit),
        ExceptionQueries(ledger.database),
        Sources(ledger.database),
        Undo(ledger, planner, days=settings.undo_days, rows_limit=rows, chunk=settings.evaluator_chunk),
        BatchQueries(ledger.database, planner, days=settings.undo_days, rows_limit=rows),
        OfferingBrowser(ledger.database, settings.attempts_shown),
        LearnerCards(ledger.database),
        StepQueries(ledger.database, settings.attempts_shown),
        triggering,
        JobRoleCommands(ledger, assigning, settings.assignment_rows_limit),
        ManifestApplier(ledger, assigning, grouping, editing, triggering),
    )


def _calendars(settings: Settings, ledger: Enrollments, attempts: Attempts) -> Calendars:
    refresh, limit = timedelta(hours=settings.calendar_refresh_hours), settings.calendar_entries
    return Calendars(ledger, attempts, settings.base_url, entries_limit=limit, refresh=refresh)


def _spreadsheets(settings: Settings, assigning: AssignmentCommands) -> LearnerImport:
    limits = spreadsheets.Limits(
        size=settings.spreadsheet_bytes,
        inflated=settings.spreadsheet_inflated_bytes,
        rows=settings.spreadsheet_rows,
        memory=settings.spreadsheet_memory,
        seconds=settings.spreadsheet_seconds,
        at_once=settings.spreadsheet_readers,
    )
    return LearnerImport(
        assigning,
        SpreadsheetReader(limits),
        usual=settings.learners_import_rows,
        most=settings.learners_import_limit,
        part=settings.assignment_rows_limit,
    )


def _rings(settings: Settings, enrolled: EnrollmentCommands) -> dict[str, TimerHandler]:
    """What timers of each kind do."""
    assigning = AssignmentCommands(enrolled.ledger, settings.assignment_rows_limit)
    return {
        PLACEMENT: Placement(enrolled.ledger.database),
        CREDIT: CourseCredits(enrolled),
        ADMISSION: Admissions(enrolled, assigning, Cancellation(enrolled, assigning), settings.admission_patience),
    }


def _close(database: Database, provider: HostedCheckout, directory: httpx.Client) -> None:
    provider.close()
    directory.close()
    database.close()


def _ready(database: Database, settings: Settings) -> None:
    with database.connection(settings.probe_seconds) as conn:
        conn.execute("SELECT FROM person_fact LIMIT 1")


def replay(
    settings: Settings, *, feeds: Feeds | None = None, progress: Callable[[int], None] = lambda _: None
) -> Comparison:
    """What `rollbook replay enrollment` does: rebuild the facts of other services beside the live ones, and compare."""
    database = Database(settings.database_url, application="enrollment replay", max_size=4)
    try:
        return replay_separately(database, handlers(), feeds or configured(settings), settings, PACKAGE, progress)
    finally:
        database.close()
