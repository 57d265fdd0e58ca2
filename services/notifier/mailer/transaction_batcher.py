"""Between the connections and the database: many turns, one transaction."""

import asyncio
from typing import NamedTuple
from uuid import UUID

import psycopg
from psycopg_pool import PoolTimeout

from services.notifier.mailer.queue import Done, Queue, Task
from shared import telemetry

log = telemetry.logger(__name__)

DATABASE_DOWN = (psycopg.OperationalError, PoolTimeout)
_FIRST_PAUSE = 0.2
_LAST_PAUSE = 10.0


class _Turn(NamedTuple):
    done: Done | None
    more: bool
    task: asyncio.Future[Task | None]


class TransactionBatcher:
    """Records and takes tasks for all connections of one mailer. Turns that come during a transaction share the next."""

    def __init__(self, queue: Queue, mailer: int) -> None:
        self._queue = queue
        self._mailer = mailer
        self._turns: list[_Turn] = []
        self._held: set[UUID] = set()
        self._busy = asyncio.Lock()

    async def turn(self, done: Done | None, *, more: bool) -> Task | None:
        """Record how a task ended and, if `more`, get the next one: `sending`, committed. None when nothing is due.

        Does not give up while the database is down: what is known of a message must not be lost.
        """
        turn = _Turn(done, more, asyncio.get_running_loop().create_future())
        self._turns.append(turn)
        async with self._busy:
            if self._turns:
                turns, self._turns = self._turns, []
                await self._take(turns)
        return await turn.task

    async def _take(self, turns: list[_Turn]) -> None:
        done = [turn.done for turn in turns if turn.done]
        wanting = [turn for turn in turns if turn.more]
        tasks = await self._commit(done, len(wanting))
        self._held.difference_update(one.task.id for one in done)
        self._held.update(task.id for task in tasks)
        for turn in turns:
            turn.task.set_result(tasks.pop() if turn.more and tasks else None)

    async def _commit(self, done: list[Done], wanted: int) -> list[Task]:
        pause = _FIRST_PAUSE
        held: set[UUID] | None = None
        while True:
            try:
                return await asyncio.to_thread(self._queue.turn, self._mailer, done, wanted, held)
            except DATABASE_DOWN:
                log.warning("the database is down; trying again", worker="notifier mailer", seconds=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LAST_PAUSE)
                held = set(self._held)
