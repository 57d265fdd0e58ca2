"""The wiring of enrollment."""

from services.enrollment import workbooks
from services.enrollment.api import (
    applying,
    assignments,
    batches,
    browsing,
    completions,
    enrollments,
    exceptions,
    groups,
    job_roles,
    payments,
    triggers,
)
from services.enrollment.api.parts import Parts
from services.enrollment.application import breaking
from services.enrollment.application.applying import Applying
from services.enrollment.application.assigning import Assigning, Enrollments
from services.enrollment.application.breaking import Breaker
from services.enrollment.application.browsing import Browsing
from services.enrollment.application.cancelling import AccessExpiry, Cancelling
from services.enrollment.application.certifying import Certifying
from services.enrollment.application.completing import Completing
from services.enrollment.application.earning import Earning
from services.enrollment.application.editing import Editing
from services.enrollment.application.enrolled import Enrolled
from services.enrollment.application.evaluator import Evaluator
from services.enrollment.application.excepting import Excepting
from services.enrollment.application.expansion import Expansion
from services.enrollment.application.grouping import Grouping
from services.enrollment.application.importing import Importing
from services.enrollment.application.learning import CREDIT, Crediting, Learning
from services.enrollment.application.paying import Paying
from services.enrollment.application.previewing import FORGOTTEN, Previewing
from services.enrollment.application.role_holding import Linking, RoleHolding
from services.enrollment.application.sources import Sources
from services.enrollment.application.spreadsheets import Spreadsheets
from services.enrollment.application.taking_back import TakingBack
from services.enrollment.application.trigger_jobs import Following
from services.enrollment.application.triggering import LoopCheck, Triggers
from services.enrollment.application.undoing import Undoing
from services.enrollment.application.undoing_rules import TakingRolesBack
from services.enrollment.application.viewing import Viewing
from services.enrollment.projections import purchases
from services.enrollment.provider import HostedCheckout
from services.enrollment.reactions.catalog import CatalogFacts
from services.enrollment.reactions.dates import DateFacts
from services.enrollment.reactions.directory import PLACEMENT, DirectoryFacts, Placement
from services.enrollment.reactions.job_roles import JobRoleFacts
from services.enrollment.reactions.organisations import OrganisationFacts
from services.enrollment.reactions.profiles import Profiles
from services.enrollment.workbooks import Workbooks
from shared.auth import Verifier
from shared.consumer import Consumer, Handler
from shared.database import Database
from shared.feeds import Feeds
from shared.http import service_app
from shared.jobs import JobKind, Worker
from shared.letters import letter_routes
from shared.service import Isolating, Service
from shared.settings import Settings
from shared.store import Forgetting
from shared.timers import Clock, Ring
from shared.worker_errors import WorkerErrors

PACKAGE = "services.enrollment"
"""Where this service's migrations are."""


def handlers() -> list[Handler]:
    """One for each source; of some several, which have read it from the beginning at different times."""
    return [DirectoryFacts(), DateFacts(), OrganisationFacts(), CatalogFacts(), JobRoleFacts(), Profiles()]


def build(settings: Settings, *, feeds: Feeds, verifier: Verifier) -> Service:
    """The service on its migrated database; `feeds` opens another service's source."""
    database = Database(settings.database_url, application="enrollment", max_size=settings.database_pool)
    ledger = Enrollments(database)
    limits = breaking.Limits(settings.breaker_learners, settings.breaker_share, settings.breaker_least)
    breaker = Breaker(ledger, limits, settings.evaluator_chunk)
    evaluator = Evaluator(
        database,
        ledger.store,
        chunk=settings.evaluator_chunk,
        pause=settings.worker_pause,
        breaks=breaker.breaks,
        aside_limit=settings.aside_limit,
    )
    enrolled = Enrolled(ledger, evaluator)
    provider = HostedCheckout(settings.payment_url, settings.payment_secret, settings.base_url)
    app = service_app(
        "enrollment", settings=settings, database=database, verifier=verifier, ready=lambda: _ready(database, settings)
    )
    app.state.parts = _parts(settings, ledger, enrolled, breaker, provider)
    for routes in (
        assignments,
        batches,
        browsing,
        groups,
        exceptions,
        enrollments,
        completions,
        payments,
        job_roles,
        triggers,
        applying,
    ):
        app.include_router(routes.router)
    expansion = Expansion(database, evaluator, settings.evaluator_chunk, settings.job_step)
    undo = TakingBack(database, evaluator)
    kinds: list[JobKind] = [
        expansion,
        undo,
        TakingRolesBack(database, ledger.store, settings.evaluator_chunk),
        Following(database),
        LoopCheck(ledger),
        Linking(ledger, Assigning(ledger, settings.assignment_rows_limit)),
    ]
    consumers = [
        Consumer(database, feeds.open(handler.source, _group(handler)), handler, settings) for handler in handlers()
    ]
    workers: list[Isolating] = [
        evaluator,
        AccessExpiry(database, ledger.store, settings.evaluator_chunk),
        Earning(enrolled, chunk=settings.evaluator_chunk, pause=settings.worker_pause),
        Worker("enrollment jobs", database, kinds, settings.worker_pause, turns=True),
        Clock("enrollment timers", database, _rings(database, enrolled), settings.worker_pause),
    ]
    app.include_router(letter_routes("enrollment", database, consumers, [*workers, undo]))
    return Service(
        "enrollment",
        app,
        work={
            "worker": [
                *workers,
                Forgetting("enrollment", database, settings.command_days, {**FORGOTTEN, **purchases.FORGOTTEN}),
            ],
            "consumer": consumers,
            "relay": feeds.publishers(database, "enrollment"),
        },
        close=lambda: _close(database, provider),
        ready=lambda: _ready(database, settings),
        errors=WorkerErrors(database),
    )


def _parts(
    settings: Settings, ledger: Enrollments, enrolled: Enrolled, breaker: Breaker, provider: HostedCheckout
) -> Parts:
    assigning, completing = Assigning(ledger, settings.assignment_rows_limit), Completing(enrolled)
    grouping = Grouping(enrolled, assigning, settings.assignment_rows_limit)
    editing, triggering = Editing(ledger, assigning), Triggers(ledger)
    return Parts(
        ledger.database,
        assigning,
        Previewing(ledger, assigning, editing, triggering, settings.evaluator_chunk),
        Viewing(ledger.database),
        Learning(enrolled, assigning),
        Cancelling(enrolled, assigning),
        completing,
        Paying(enrolled, provider, settings.payment_secret, settings.payment_tolerance),
        Certifying(ledger.database, settings.base_url, settings.certificate_issuer),
        editing,
        Importing(assigning, completing, settings.assignment_rows_limit),
        _spreadsheets(settings, assigning),
        grouping,
        Excepting(enrolled, settings.exception_rows_limit),
        Sources(ledger.database),
        Undoing(
            ledger,
            assigning,
            days=settings.undo_days,
            rows_limit=settings.assignment_rows_limit,
            chunk=settings.evaluator_chunk,
        ),
        breaker,
        Browsing(ledger.database),
        triggering,
        RoleHolding(ledger, assigning, settings.assignment_rows_limit),
        Applying(ledger, assigning, grouping, editing, triggering),
    )


def _spreadsheets(settings: Settings, assigning: Assigning) -> Spreadsheets:
    limits = workbooks.Limits(
        size=settings.spreadsheet_bytes,
        inflated=settings.spreadsheet_inflated_bytes,
        rows=settings.spreadsheet_rows,
        memory=settings.spreadsheet_memory,
        seconds=settings.spreadsheet_seconds,
        at_once=settings.spreadsheet_readers,
    )
    return Spreadsheets(
        assigning,
        Workbooks(limits),
        usual=settings.learners_import_rows,
        most=settings.learners_import_limit,
        part=settings.assignment_rows_limit,
    )


def _rings(database: Database, enrolled: Enrolled) -> dict[str, Ring]:
    """What timers of each kind do."""
    return {PLACEMENT: Placement(database), CREDIT: Crediting(enrolled)}


def _group(handler: Handler) -> str:
    """Its processes share a source's partitions. Two handlers of one source are two groups."""
    further = {DateFacts: ".dates", OrganisationFacts: ".organisations", JobRoleFacts: ".job-roles"}
    return f"enrollment.{handler.source}{further.get(type(handler), '')}"


def _close(database: Database, provider: HostedCheckout) -> None:
    provider.close()
    database.close()


def _ready(database: Database, settings: Settings) -> None:
    with database.connection(settings.probe_seconds) as conn:
        conn.execute("SELECT FROM person_fact LIMIT 1")
