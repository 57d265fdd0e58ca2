"""The wiring of the directory."""

from collections.abc import Callable, Sequence

from services.directory.api import ROUTES
from services.directory.application import account_mails, accounts, clients, external_sign_ins, registrations, sessions
from services.directory.application.account_mails import AccountMails, MailLimits
from services.directory.application.accounts import Accounts
from services.directory.application.audience_updates import AudienceUpdater, Judging, RuleChange
from services.directory.application.audiences import Audiences
from services.directory.application.clients import MachineClients
from services.directory.application.external_sign_ins import ExternalSignIns
from services.directory.application.issuing import TokenIssuer
from services.directory.application.jobs import Jobs
from services.directory.application.ledger import Directory
from services.directory.application.openid_provider import OpenIdClient, Provider
from services.directory.application.passwords import Passwords
from services.directory.application.people import People
from services.directory.application.profiles import Profiles
from services.directory.application.registrations import Registrations
from services.directory.application.services import Services
from services.directory.application.sessions import SessionLimits, Sessions
from services.directory.application.signing import SigningKeys
from services.directory.application.structure import Structure
from services.directory.imports.running import Imports
from services.directory.projections import selections
from services.directory.projections.rules import TIMER
from services.directory.reactions import AssignmentFacts
from shared.attempts import AttemptLimits, Attempts
from shared.audit.routes import audit_routes
from shared.audit.sealing import Sealer
from shared.auth import Verifier
from shared.consumer import Consumer
from shared.database import Database
from shared.feeds import PROFILES, Feeds
from shared.feeds.configured import configured
from shared.http import provide, serve, service_app
from shared.jobs import Worker
from shared.letters import letter_routes
from shared.replay import Comparison, Projection, replay_separately
from shared.running import Runnable
from shared.service import Isolating, Role, Service
from shared.settings import Settings
from shared.store import RetentionWorker
from shared.timers import TimerWorker
from shared.worker_errors import WorkerErrors

PACKAGE = "services.directory"
"""Where this service's migrations are."""


def handlers() -> list[Projection]:
    """One for each source."""
    return [AssignmentFacts()]


def build(settings: Settings, *, verifier: Verifier | None = None, feeds: Feeds | None = None) -> Service:
    """The service on its migrated database. Without a verifier it trusts the tokens that it issues itself."""
    database = Database(settings.database_url, application="directory", max_size=settings.database_pool)
    parts = build_parts(settings, database)
    own = Verifier(settings.issuer, settings.audience, parts.signing_keys.public)
    app = service_app(
        "directory",
        settings=settings,
        database=database,
        verifier=verifier or own,
        ready=lambda: _ready(database, settings),
    )
    provide(app, *vars(parts).values())
    serve(app, ROUTES)
    app.include_router(audit_routes("directory", database, settings))
    judging = Judging(Directory(database), settings.set_aside_limit)
    following = AudienceUpdater(judging, settings.evaluator_chunk, settings.worker_pause)
    change = RuleChange(judging, settings.evaluator_chunk)
    workers: list[Isolating] = [
        Worker("directory jobs", database, [parts.imports], settings.worker_pause),
        Worker("directory rules", database, [change], settings.worker_pause, turns=True),
        following,
        TimerWorker("directory timers", database, {TIMER: following.ring}, settings.worker_pause),
    ]
    work: dict[Role, Sequence[Runnable]] = {
        "worker": [
            *workers,
            Sealer("directory", database, settings),
            RetentionWorker(
                "directory",
                database,
                settings.command_days,
                {
                    "sign-ins": accounts.FORGOTTEN.format(days=settings.sign_in_days),
                    "registrations": registrations.FORGOTTEN.format(seconds=settings.registration_undo_seconds),
                    "selections": selections.FORGOTTEN.format(seconds=settings.selection_seconds),
                    "sessions": sessions.FORGOTTEN,
                    "external-sign-ins": external_sign_ins.FORGOTTEN,
                    "account-mails": account_mails.FORGOTTEN.format(seconds=settings.account_link_seconds),
                    "client-secrets": clients.FORGOTTEN,
                    **parts.signing_keys.expired,
                    **parts.attempts.expired,
                },
            ),
        ],
    }
    if feeds:
        consumers = [Consumer(database, feeds.open(h.source, h.group), h, settings) for h in handlers()]
        app.include_router(letter_routes("directory", database, consumers, workers))
        work["consumer"] = consumers
        work["relay"] = feeds.publishers(database, "directory", PROFILES)
    return Service(
        "directory",
        app,
        work=work,
        close=database.close,
        ready=lambda: _ready(database, settings),
        errors=WorkerErrors(database),
    )


def build_parts(settings: Settings, database: Database) -> Services:
    """The commands of the directory, without routes: for the command line and the demo."""
    ledger = Directory(database)
    passwords = Passwords(settings.password_memory, settings.password_passes)
    attempts = Attempts(database, AttemptLimits.of(settings))
    keys = SigningKeys(database, settings.token_seconds, settings.signing_key_overlap)
    issuer = TokenIssuer(keys, settings.issuer, settings.audience, settings.token_seconds)
    limits = SessionLimits(settings.refresh_seconds, settings.session_seconds, settings.refresh_leeway)
    accounts = Accounts(ledger, issuer, Sessions(limits), attempts, passwords)
    registrations = Registrations(ledger, passwords, settings.registration_undo_seconds)
    mails = MailLimits(settings.account_link_seconds, settings.account_mail_limit)
    person_commands = People(ledger)
    return Services(
        database=database,
        people=person_commands,
        jobs=Jobs(ledger),
        structure=Structure(ledger),
        audiences=Audiences(ledger),
        accounts=accounts,
        imports=Imports(ledger, settings.import_chunk, settings.import_rows_limit),
        profiles=Profiles(ledger),
        attempts=attempts,
        registrations=registrations,
        signing_keys=keys,
        clients=MachineClients(ledger, issuer, attempts, settings.client_secret_overlap, settings.service_secret),
        account_mails=AccountMails(ledger, accounts, registrations, passwords, attempts, mails),
        external_sign_ins=ExternalSignIns(
            ledger,
            accounts,
            registrations,
            person_commands,
            attempts,
            _openid_clients(settings),
            settings.openid_sign_in_seconds,
        ),
    )


def _openid_clients(settings: Settings) -> list[OpenIdClient]:
    return [
        OpenIdClient(
            Provider(**one.model_dump()), f"{settings.base_url}/sign-in/{one.id}", settings.openid_answer_seconds
        )
        for one in settings.openid_providers
    ]


def _ready(database: Database, settings: Settings) -> None:
    with database.connection(settings.probe_seconds) as conn:
        conn.execute("SELECT FROM person LIMIT 1")


def replay(
    settings: Settings, *, feeds: Feeds | None = None, progress: Callable[[int], None] = lambda _: None
) -> Comparison:
    """What `rollbook replay directory` does: rebuild the facts of other services beside the live ones, and compare."""
    database = Database(settings.database_url, application="directory replay", max_size=4)
    try:
        return replay_separately(database, handlers(), feeds or configured(settings), settings, PACKAGE, progress)
    finally:
        database.close()
