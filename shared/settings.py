"""Every setting and every limit by name, read from the environment (`ROLLBOOK_...`) by each service's main, and nowhere else."""

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What one process is told. Times are seconds, sizes bytes, unless the name says otherwise."""

    model_config = SettingsConfigDict(env_prefix="ROLLBOOK_", frozen=True, extra="ignore")

    thread_switch: float = 0.0005
    """How long a thread computes while another of the process waits to go on; Python's own 0.005 delays every answer of
    the database by that."""
    collect_after: int = 50_000
    """So many new objects between two looks of the garbage collector; Python's own 700 looks through each batch many times."""

    database_url: str = ""
    """The service's own database."""
    database_pool: int = 8
    """Connections for requests and workers. Downloads have their own."""
    probe_seconds: float = 2.0
    """Health and metrics wait so long for a connection; then the service is not ready."""
    stream_limit: int = Field(default=8, ge=1)
    """Downloads of a service at once, each with a connection of its own; one more is refused with 503."""
    stream_stall: float = Field(default=60.0, gt=0)
    """A reader who takes nothing of an answer for so long is let go."""
    stream_seconds: float = Field(default=3_600.0, gt=0)
    """The longest that a download may take."""
    feeds: dict[str, str] = Field(default_factory=dict)
    """Per source (`directory`, `directory.profiles` ...) the conninfo of a role that may read its published view."""

    kafka: str = ""
    """The broker's addresses, as `host:port,host:port`: events travel through Kafka. Empty: through the databases."""
    kafka_prefix: str = "rollbook."
    """Topics and consumer groups are named prefix + source."""
    kafka_partitions: dict[str, int] = Field(default_factory=lambda: {"enrollment": 8})
    """Of each source's topic, when it is created; 1 where it is not named. Fixed afterwards."""
    kafka_replicas: int = 1
    """Copies of each topic, when it is created; 3 in production."""
    kafka_session: float = 10.0
    """A process that is not heard of for so long loses its partitions, or its relay, to another."""
    kafka_patience: float = 60.0
    """A client without progress for so long, while there is something to read, is built anew; then the process ends."""
    kafka_look: float = 5.0
    """A client to which nothing came for so long looks, so often, whether its topic still has what it read."""
    relay_batch: int = 4_000
    """Events that are published at once."""

    host: str = "127.0.0.1"
    port: int = 8000
    base_url: str = "http://127.0.0.1:8000"
    """The address under which people and services reach this suite."""
    data: Path | None = None
    """Where the embedded database lives; a default place for the user where empty."""

    routes: dict[str, str] = Field(default_factory=dict)
    """For the gateway: the address of each service, by name."""
    sign_ins: list[tuple[str, str, str]] = Field(default_factory=list)
    """For the portal of a demo: user name, password and role of accounts to show. Never in production."""

    issuer: str = "http://127.0.0.1:8000/api/directory"
    audience: str = "rollbook"
    token_seconds: int = 900
    jwks_url: str = ""
    """Empty: `issuer` + /jwks."""

    body_bytes: int = 40_000_000
    """A larger request is refused with 413."""
    json_depth: int = Field(default=30, ge=5, le=150)
    """Lists and objects within one another: a request that is nested deeper is refused."""
    page_default: int = 50
    page_limit: int = 500
    wait_limit: float = 30.0
    """The longest time that `Prefer: wait=N` and `at_least` are honoured."""
    command_days: int = 30
    """How long a command's id is remembered."""
    sign_in_days: int = Field(default=400, ge=1)
    """How long each sign-in is kept; that there was a first one stays for ever."""

    consumer_batch: int = 2_000
    consumer_pause: float = 0.5
    """The longest pause between two looks at a source; a hint comes earlier as a rule."""
    parked_keys_limit: int = 100
    """Where more keys than this are parked by one type of event, events of that type are parked untried: the code is wrong, not the
    data. All others go on."""

    evaluator_chunk: int = 4_000
    """Learners who are judged at once."""
    aside_limit: int = 100
    """A rule by which more people crash is set aside itself: nobody follows it until a person retries it, or changes it."""
    job_step: float = 1.0
    """About so long a job is worked on before another one has its turn."""
    worker_pause: float = 0.2
    assignment_rows_limit: int = 10_000
    """Rows that one command may list by hand."""
    breaker_learners: int = 1_000
    """A change from a feed that would enrol or withdraw more learners is held."""
    breaker_share: float = 0.2
    """So is one that concerns a larger share of all active people."""
    breaker_least: int = 50
    """One that concerns fewer is never held."""
    undo_days: int = 30
    """A batch that began longer ago is not undone."""
    exception_rows_limit: int = 500
    """Exceptions that one command answers."""

    learners_import_rows: int = 100
    """Entries of a spreadsheet of learners that are imported where nobody says how many."""
    learners_import_limit: int = 100_000
    """The most that may be asked for, as the command line does."""
    spreadsheet_bytes: int = 10_000_000
    """A larger spreadsheet is refused."""
    spreadsheet_inflated_bytes: int = 64_000_000
    """One that is larger when unpacked is refused."""
    spreadsheet_rows: int = 200_000
    """One with more rows that have something in them is refused."""
    spreadsheet_memory: int = 512_000_000
    """Address space of the process that reads one."""
    spreadsheet_seconds: int = 20
    """How long that process may compute; it may take twice as long by the clock."""
    spreadsheet_readers: int = 2
    """So many are read at once."""

    payment_url: str = ""
    """The payment provider's address. Empty: nothing can be purchased."""
    payment_secret: str = ""
    """What both sides sign with."""
    payment_tolerance: float = 300.0
    """A payment notice that was signed longer ago is refused."""
    demo_payments: bool = False
    """Play the payment provider (embedded suite only)."""
    certificate_issuer: str = "Rollbook"
    """Who certifies, as certificates name it."""

    smtp_host: str = "127.0.0.1"
    smtp_port: int = 8025
    mail_from: str = "Rollbook <rollbook@localhost>"
    mail_connections: int = 4
    mail_retry_first: float = 10.0
    mail_retry_last: float = 3_600.0
    mail_attempts: int = 20
    exception_notices: bool = True
    """Tell site administrators of new exceptions by e-mail."""
    exception_notice_delay: float = Field(default=60.0, ge=0)
    """So long after the last exception of a batch, so that one e-mail is about the whole batch."""
    reminder_days: tuple[Annotated[int, Field(ge=-365, le=365)], ...] = Field(default=(-7, 1), max_length=10)
    """Learners are reminded so many days before (negative) or after their due date (JSON); empty: never."""
    reminder_late_days: float = Field(default=3.0, gt=0)
    """A reminder whose moment was missed by so long, as no worker ran, is not sent any more."""
    reminder_pause: float = 60.0
    """Seconds between two looks for reminders that are due."""
    catcher: bool = False
    """Run the mail catcher inside the notifier (embedded suite only)."""

    import_chunk: int = 1_000
    import_rows_limit: int = 1_000_000
    demo_size: int = 5_000
