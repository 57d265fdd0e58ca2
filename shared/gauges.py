"""How far a service's history, its publication and its read models are, from its database: true for every process."""

import psycopg
from psycopg_pool import PoolTimeout

from shared.database import Connection, Database
from shared.worker_errors import FAILING

_STORE = "SELECT coalesce(max(position), 0) FROM events"
_APPLIED = (
    "SELECT f.consumer, f.source, min(coalesce(h.position, 0)) FROM followed f "
    "CROSS JOIN generate_series(0, f.partitions - 1) AS p LEFT JOIN high_water h "
    "ON h.consumer = f.consumer AND h.source = f.source AND h.partition = p GROUP BY f.consumer, f.source ORDER BY 1, 2"
)
_PARKED = (
    "SELECT f.consumer, f.source, (SELECT count(DISTINCT key) FROM parked_event p "
    "WHERE p.consumer = f.consumer AND p.source = f.source) FROM followed f ORDER BY 1, 2"
)
_SET_ASIDE = "SELECT worker, kind, count(*) FROM set_aside GROUP BY worker, kind ORDER BY 1, 2"
_PUBLISHED = "SELECT source, position FROM relay ORDER BY source"


def gauges(service: str, database: Database, seconds: float) -> str:
    """In Prometheus' text format. Where the database does not answer within `seconds`, only how busy its pool is."""
    try:
        lines = _stored(service, database, seconds)
    except (psycopg.OperationalError, PoolTimeout):
        lines = []
    return "\n".join([*_pool(service, database), *lines]) + "\n"


def _pool(service: str, database: Database) -> list[str]:
    about = "Connections of a service's pool: open, idle, and requests waiting for one"
    lines = [f"# HELP rollbook_pool {about}", "# TYPE rollbook_pool gauge"]
    return [*lines, *(f'rollbook_pool{{service="{service}",what="{k}"}} {n}' for k, n in database.busy.items())]


def _stored(service: str, database: Database, seconds: float) -> list[str]:
    with database.connection(seconds) as conn:
        return [
            *_gauge(conn, "rollbook_store_position", "Last position of a source's store", _STORE, source=service),
            *_gauge(conn, "rollbook_published_position", "Position up to which a source is on its topic", _PUBLISHED),
            *_gauge(
                conn, "rollbook_applied_position", "Position up to which a consumer has applied everything", _APPLIED
            ),
            *_gauge(conn, "rollbook_parked_keys", "Keys with dead letters", _PARKED),
            *_gauge(conn, "rollbook_set_aside", "Items that crashed a worker and need attention", _SET_ASIDE),
            *_gauge(
                conn, "rollbook_worker_failing_seconds", "For how long a worker has raised the same error", FAILING
            ),
        ]


def _gauge(conn: Connection, name: str, about: str, query: str, **fixed: str) -> list[str]:
    cursor = conn.execute(query.encode())
    names = [*fixed, *(column.name for column in (cursor.description or ())[:-1])]
    lines = [f"# HELP {name} {about}", f"# TYPE {name} gauge"]
    for *labels, value in cursor:
        told = ",".join(f'{k}="{_escaped(v)}"' for k, v in zip(names, [*fixed.values(), *labels], strict=True))
        lines.append(f"{name}{{{told}}} {value}")
    return lines


def _escaped(label: object) -> str:
    return str(label).replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
