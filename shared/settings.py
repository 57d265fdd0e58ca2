"""Every setting and every limit by name, read from the environment (`ROLLBOOK_...`) by each service's main, and nowhere else."""

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.audit.settings import AuditSettings
from shared.openid_settings import OpenIdProvider


class Settings(AuditSettings):
    """The configuration of one process. Times are in seconds, sizes in bytes, unless the name says otherwise."""

    model_config = SettingsConfigDict(env_prefix="ROLLBOOK_", frozen=True, extra="ignore")

    thread_switch_interval: float = 0.0005
    """How long a thread may run while another one waits. Python's default of 0.005 would delay every answer of the database."""
    gc_threshold: int = 50_000
    """New objects between two runs of the garbage collector. With Python's default of 700 it would scan each batch many times."""

    database_url: str = ""
    """The service's own database."""
    database_pool: int = 8
    """Database connections for requests and workers. Downloads use their own."""
    probe_seconds: float = 2.0
    """How long health and metrics wait for a connection before the service counts as not ready."""
    start_seconds: float = Field(default=300.0, gt=0)
    """How long `rollbook up --feed kafka` waits until all of its processes serve."""
    stream_limit: int = Field(default=8, ge=1)
    """Simultaneous downloads of a service, each with its own connection; one more is refused with 503."""
    stream_stall: float = Field(default=60.0, gt=0)
    """A client that reads nothing of an answer for this long is disconnected."""
    stream_seconds: float = Field(default=3_600.0, gt=0)
    """The longest a download may take."""
    feeds: dict[str, str] = Field(default_factory=dict)
    """For each source (`directory`, `directory.profiles` ...), the connection string of a role that may read its published view."""

    kafka: str = ""
    """The broker's addresses, such as `host:port,host:port`. Empty: events travel through the databases instead of Kafka."""
    kafka_prefix: str = "rollbook."
    """Goes before the name of every topic and consumer group."""
    kafka_partitions: dict[str, int] = Field(default_factory=lambda: {"enrollment": 8})
    """Partitions of each source's topic; 1 for a source that is not listed. Used when the topic is created; fixed afterwards."""
    kafka_replicas: int = 1
    """Replicas of each topic, used when it is created; 3 in production."""
    kafka_session_timeout: float = 10.0
    """A process that sends no heartbeat for this long loses its partitions, or its relay, to another one."""
    kafka_stall_timeout: float = 60.0
    """A client that makes no progress for this long, although there is something to read, is replaced, or the process exits."""
    kafka_check_interval: float = 5.0
    """A client that has received nothing for this long checks, at this interval, that its topic still has what it has read."""
    relay_batch: int = 4_000
    """The most events published at once."""

    host: str = "127.0.0.1"
    port: int = 8000
    base_url: str = "http://127.0.0.1:8000"
    """The address at which people and services reach this suite."""
    data: Path | None = None
    """The folder of the embedded database; empty: the user's default one."""

    routes: dict[str, str] = Field(default_factory=dict)
    """For the gateway: each service's address, by name."""
    sign_ins: list[tuple[str, str, str] | tuple[str, str, str, str, str]] = Field(default_factory=list)
    """For the portal of a demo: user name, password, role, name and card of the accounts to show. Never set it in production."""

    session_secret: str = ""
    """What the portal seals its cookies with, in all of its processes: 32 random characters or more. Empty: one for this run."""
    portal_pages: int = Field(default=20, ge=1)
    """Pages that one process makes at once. Its 40 threads are shared with the services that they ask, so it is fewer."""
    portal_questions: int = Field(default=40, ge=4)
    """Requests to services that one process of the portal has under way at once."""
    issuer: str = "http://127.0.0.1:8000/api/directory"
    audience: str = "rollbook"
    password_memory: int = Field(default=65_536, ge=32)
    password_passes: int = Field(default=3, ge=1)
    """KiB of memory that the hash of a password takes, and passes over it: fewer than 19,456 and 2 are for tests only."""
    token_seconds: int = 900
    refresh_seconds: int = Field(default=1_209_600, ge=1)
    """A refresh token that is not used for so long ends its sign-in."""
    session_seconds: int = Field(default=7_776_000, ge=1)
    """The longest that a sign-in goes on, however often it is refreshed."""
    refresh_leeway: float = Field(default=10.0, ge=0)
    """A refresh token that was used can be used again for so long; later its use ends the sign-in."""
    signing_key_overlap: float = Field(default=300.0, ge=0)
    """A new signing key is published so long before it signs, and the old one so long after its last token has expired."""
    client_secret_overlap: float = Field(default=86_400.0, ge=0)
    """The secret that a machine client had before holds so long beside the new one."""
    service_secret: str = ""
    """What Rollbook's own services authenticate with at the directory, the same for all. Empty: they cannot."""
    openid_providers: tuple[OpenIdProvider, ...] = ()
    """Where people sign in beside local accounts (JSON)."""
    openid_answer_seconds: float = Field(default=5.0, gt=0)
    """How long such a provider may take for an answer."""
    openid_sign_in_seconds: float = Field(default=600.0, ge=1)
    """How long somebody may take to sign in there."""
    jwks_url: str = ""
    """Empty: `issuer` + /jwks."""
    trusted_proxies: tuple[str, ...] = ("127.0.0.1", "::1")
    """Addresses and networks whose X-Forwarded-For is believed: the gateway's, the portal's, a load balancer's (JSON)."""

    attempts_window: float = Field(default=900.0, ge=1)
    """Failed attempts at passwords, keys and registrations, and unfinished sign-ins elsewhere, are counted for so long."""
    attempts_per_account_at_address: int = Field(default=10, ge=1)
    """So many may fail for one account at one address."""
    attempts_per_address: int = Field(default=100, ge=1)
    """For all accounts together at one address, which may be a whole school's."""
    attempts_per_account: int = Field(default=50, ge=1)
    """For one account at all addresses that it does not know."""
    attempts_per_organisation: int = Field(default=1_000, ge=1)
    """For one organisation, where an attempt names it."""
    known_address_days: int = Field(default=90, ge=1)
    """An account knows an address from which it succeeded for so long: what fails elsewhere does not lock it out there."""
    attempts_secret: str = ""
    """What addresses and names are hashed with, to be counted. Empty: a secret in the database."""

    body_bytes: int = 40_000_000
    """A larger request body is refused with 413."""
    json_depth: int = Field(default=30, ge=5, le=150)
    """How deep lists and objects may be nested in a request; a deeper one is refused."""
    page_default: int = 50
    page_limit: int = 500
    wait_limit: float = 30.0
    """The longest that `Prefer: wait=N` and `at_least` may wait."""
    saved_reports: int = Field(default=200, ge=1)
    """So many saved reports may a person have."""
    command_days: int = 30
    """For how many days a command's id is remembered."""
    sign_in_days: int = Field(default=400, ge=1)
    """For how many days each sign-in is kept. That there was a first one is kept for ever."""
    selection_seconds: float = Field(default=3_600.0, ge=1)
    """So long a selection of everybody who matches a search is kept as it was counted."""
    selection_limit: int = Field(default=1_000_000, ge=1)
    """The most people that a selection may have."""
    selection_part: int = Field(default=4_000, ge=1, le=10_000)
    """So many people of a selection are counted, and assigned, in one transaction."""
    selection_answer_seconds: float = Field(default=10.0, gt=0)
    """The longest that enrollment waits for a page of a selection; then it asks again."""
    registration_undo_seconds: float = Field(default=3_600.0, ge=1)
    """So long a registration with a training key can be taken back, as long as nobody has signed in."""
    account_link_seconds: float = Field(default=900.0, ge=1)
    """The link of an e-mail about an account, for a forgotten password or a registration, can be used once, for so long."""
    account_mail_limit: int = Field(default=3, ge=1)
    """E-mails about accounts to one address in that time; further ones are not sent."""
    account_mail_pause: float = Field(default=1.0, gt=0)
    """Between two looks of the notifier for such e-mails at the directory."""

    consumer_batch: int = 2_000
    consumer_pause: float = 0.5
    """The longest pause between two reads of a source; usually a hint ends it earlier."""
    parked_keys_limit: int = 100
    """Once events of one type have parked more keys than this, further events of that type are parked without being tried: the
    code is wrong, not the data. All other types go on."""

    evaluator_chunk: int = 4_000
    """Learners evaluated at once."""
    set_aside_limit: int = 100
    """A rule whose evaluation crashes for more people than this is itself set aside until a person retries or changes it."""
    job_step: float = 1.0
    """Roughly how long a job runs before another one gets its turn."""
    worker_pause: float = 0.2
    assignment_rows_limit: int = 10_000
    """The most rows that one command may list."""
    breaker_learners: int = 1_000
    """A change from an HR feed that would enrol or withdraw more learners than this is held."""
    breaker_share: float = 0.2
    """So is one that affects a larger share of all active people."""
    breaker_minimum: int = 50
    """A change that affects fewer people than this is never held."""
    undo_days: int = 30
    """A batch that began more days ago than this cannot be undone."""
    exception_rows_limit: int = 500
    """The most exceptions that one command may answer."""
    attempts_shown: int = Field(default=20, ge=1)
    """How many attempts at an exam are listed, the newest; all are counted."""

    calendar_entries: int = Field(default=500, ge=1)
    """The most due dates that a learner's calendar has; those nearest to now."""
    calendar_refresh_hours: int = Field(default=6, ge=1)
    """How often calendar programs are told to ask again; each does as it likes."""

    admission_patience: float = Field(default=600.0, ge=0)
    """Enrollment waits so long for a person or an offering that it was told of by approvals or keys and does not know yet."""
    decisions_limit: int = 500
    """Requests that one command decides on (APR-6)."""
    escalation_days: int = Field(default=7, ge=1)
    """After so many days without a decision, site administrators may decide too, where the offering does not say (APR-5)."""
    approvals_digests: bool = True
    """Tell approvers once a day by e-mail what still waits for them."""
    approvals_digest_hour: int = Field(default=8, ge=0, le=23)
    """From this hour on, in the approver's time zone; else in that of the home organisation, else in UTC."""
    approvals_digest_pause: float = Field(default=60.0, gt=0)
    """Between two looks whether the hour has come somewhere."""

    learners_import_rows: int = 100
    """Entries of a spreadsheet of learners that are imported by default."""
    learners_import_limit: int = 100_000
    """The most that a request may ask for; the command line always does."""
    spreadsheet_bytes: int = 10_000_000
    """A larger spreadsheet is refused."""
    spreadsheet_inflated_bytes: int = 64_000_000
    """A spreadsheet that is larger when unpacked is refused."""
    spreadsheet_rows: int = 200_000
    """A spreadsheet with more non-empty rows is refused."""
    spreadsheet_memory: int = 512_000_000
    """Address space of the process that reads a spreadsheet."""
    spreadsheet_seconds: int = 20
    """CPU time of that process; it may take twice as long by the clock."""
    spreadsheet_readers: int = 2
    """How many spreadsheets are read at once."""

    payment_url: str = ""
    """The payment provider's address. Empty: nothing can be purchased."""
    payment_secret: str = ""
    """The secret with which the provider and Rollbook sign."""
    payment_tolerance: float = 300.0
    """A payment notice that was signed longer ago than this is refused."""
    launch_secret: str = ""
    """What the address that Launch opens is signed with; learning systems know it too. Empty: it is as the catalog has it."""
    demo_payments: bool = False
    demo_learning: bool = False
    """Act as the payment provider; as the learning system, with labs and exams (embedded suite only)."""
    certificate_issuer: str = "Rollbook"
    """The issuer named on certificates."""

    smtp_host: str = "127.0.0.1"
    smtp_port: int = 8025
    mail_from: str = "Rollbook <rollbook@localhost>"
    mail_connections: int = 4
    mail_retry_first: float = 10.0
    mail_retry_last: float = 3_600.0
    mail_attempts: int = 20
    exception_notices: bool = True
    """Tell site administrators about new exceptions by e-mail."""
    exception_notice_delay: float = Field(default=60.0, ge=0)
    """How long to wait after the last exception of a batch, so that one e-mail covers the whole batch."""
    reminder_days: tuple[Annotated[int, Field(ge=-365, le=365)], ...] = Field(default=(-7, 1), max_length=10)
    """How many days before (negative) or after their due date learners are reminded (JSON), unless an offering says
    otherwise; empty: never."""
    certificate_reminder_days: tuple[Annotated[int, Field(ge=-365, le=365)], ...] = Field(
        default=(-30, 1), max_length=10
    )
    """The same of the last day on which a completion counts."""
    access_reminder_days: tuple[Annotated[int, Field(ge=-365, le=-1)], ...] = Field(default=(-7,), max_length=10)
    """Days before (negative) the last day of access on which learners are told (JSON); empty: never. An offering may differ."""
    copy_pause: float = 5.0
    """How long to wait between two checks for e-mails that managers get a copy of."""
    reminder_late_days: float = Field(default=3.0, gt=0)
    """A reminder that is late by more days than this, because no worker was running, is not sent."""
    reminder_pause: float = 60.0
    """How long to wait between two checks for reminders that are due."""
    catcher: bool = False
    """Run the mail catcher inside the notifier (embedded suite only)."""

    training_key_secrets: dict[int, Annotated[str, Field(min_length=32)]] = Field(default_factory=dict)
    """What training keys are hashed and encrypted with, by version (JSON): `{"1": "64 hexadecimal digits"}`. The highest makes
    what is new. Lost, no key can be redeemed or exported any more. Empty: there are no training keys."""
    training_key_length: int = Field(default=12, ge=8, le=64)
    """So many letters and digits has a key that somebody enters, at least."""
    training_key_lines_limit: int = 10_000
    """Keys that one command may list by hand."""
    training_keys_limit: int = 1_000_000
    """Keys that one command may generate."""
    training_key_chunk: int = 1_000
    """Keys that are generated, or rotated, at once."""
    redemption_wait: float = Field(default=5.0, ge=0)
    """So long a learner who redeems a key waits for enrollment's answer, where the request does not say how long."""
    redemption_waiters: int = Field(default=20, ge=1)
    """So many wait at once; all others are told at once where to ask."""
    key_mailing_limit: int = Field(default=5_000, ge=1)
    """Recipients of one mailing of keys, or of one command that reminds or takes back."""
    key_mailing_at_once: int = Field(default=500, ge=0)
    """A mailing with more recipients is done by a job."""
    key_reminder_days: float = Field(default=3.0, ge=0)
    """Nobody is reminded of a key more often than once in so many days."""
    key_mail_pause: float = Field(default=2.0, gt=0)
    """Between two looks of the notifier at what became of e-mails with keys, which it tells the keys service."""
    pool_low_percents: tuple[Annotated[int, Field(ge=1, le=100)], ...] = Field(default=(75, 100), max_length=10)
    """Operations managers are told once when so many percent of a pool's keys are used (JSON); empty: never."""
    pool_expiring_days: float = Field(default=14.0, ge=0)
    """So many days before a pool with unredeemed keys expires they are told, once; 0: never."""
    pool_warning_pause: float = Field(default=60.0, gt=0)
    """Between two looks at the pools."""

    registration_seconds: float = Field(default=60.0, ge=1)
    """A registration with a key that has not come to the account within this time is taken back."""
    registration_answer_seconds: float = Field(default=10.0, gt=0)
    """How long the directory may take to make its account, or to take it back."""
    registration_pause: float = Field(default=10.0, gt=0)
    """Until the directory is asked again where it does not take one back."""
    registrations_at_once: int = Field(default=8, ge=1)
    """So many are under way at once in one process; one more is refused with 503."""
    registration_refusal_seconds: float = Field(default=0.25, ge=0)
    """The answer to a key that does not do takes so long, at least, whatever is wrong with it."""
    import_chunk: int = 1_000
    import_rows_limit: int = 1_000_000
    demo_size: int = 5_000
    demo_history: bool = True
