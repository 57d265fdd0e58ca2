"""Logs and metrics, declared once. Neither ever holds personal data: ids only."""

import logging
import sys
import traceback

import structlog
from prometheus_client import Counter, Gauge, Histogram

EVENTS_TAKEN = Counter("rollbook_consumer_events_total", "Events a consumer has taken", ["consumer", "source"])
EVENTS_SKIPPED = Counter(
    "rollbook_consumer_skipped_total", "Events of types the consumer does not handle", ["consumer"]
)
EVENTS_PARKED = Counter(
    "rollbook_consumer_parked_total", "Events parked because they or their key crashed", ["consumer"]
)
CONSUMER_POSITION = Gauge(
    "rollbook_consumer_position", "Store position that a consumer has applied", ["consumer", "source"]
)
CONSUMER_LAG = Gauge("rollbook_consumer_lag", "Entries that the last look at the source found", ["consumer", "source"])
RELAYED = Counter("rollbook_relayed_total", "Events a relay has published", ["source"])
FOREIGN = Counter("rollbook_foreign_messages_total", "Messages on a topic that no relay has written", ["source"])
REQUESTS = Histogram("rollbook_http_seconds", "Seconds taken to answer a request", ["service", "method", "status"])
SET_ASIDE = Counter("rollbook_set_aside_total", "Times a worker set something aside that crashed", ["worker"])
WORKER_FAILURES = Counter("rollbook_worker_failures_total", "Times a background worker had to start again", ["worker"])


def _traceback(exc_info: structlog.typing.ExcInfo) -> str:
    """Without what the database says of values: those may be personal data. Its code for the kind of error stands instead."""
    told = traceback.TracebackException(*exc_info)
    _hush(told, exc_info[1])
    return "".join(told.format()).rstrip()


def _hush(told: traceback.TracebackException, error: BaseException | None) -> None:
    while error is not None:
        if state := getattr(error, "sqlstate", None):
            told._str = f"SQLSTATE {state}"  # type: ignore[attr-defined]
        before = error.__cause__ or error.__context__
        above = told.__cause__ or told.__context__
        if before is None or above is None:
            return
        told, error = above, before


def configure(*, json: bool = True, level: int = logging.INFO) -> None:
    """Once per process, before anything logs. Logs go to standard error."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(_traceback),
            structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )


def logger(name: str) -> structlog.stdlib.BoundLogger:
    log: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return log
