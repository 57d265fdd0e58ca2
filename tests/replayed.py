"""What a replay of a service's facts says: nothing while they follow from their sources, and a number when one does not."""

from collections.abc import Callable

from shared.database import Database, scalar
from shared.replay import Comparison


def follows_from_its_sources(database: Database, replay: Callable[[], Comparison], *filled: str) -> None:
    """`filled`: tables that are to have rows, of which one row is then taken away."""
    whole = replay()
    assert whole.differences == 0, [one for one in whole.tables if one.differences]
    counted = {one.table: one.live for one in whole.tables}
    assert {table for table in filled if not counted[table]} == set()
    for table in filled:
        with database.connection() as conn:
            conn.execute(f"DELETE FROM {table} WHERE ctid = (SELECT max(ctid) FROM {table})".encode())
    differing = replay()
    assert {one.table: one.differences for one in differing.tables if one.differences} == dict.fromkeys(filled, 1)
    with database.connection() as conn:
        assert scalar(conn, "SELECT count(*) FROM pg_namespace WHERE nspname = 'rebuild'", int) == 0
