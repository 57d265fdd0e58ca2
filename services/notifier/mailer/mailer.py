"""The worker: a bounded number of connections, each sending one message after the other."""

import asyncio
import threading
import time
from dataclasses import dataclass

import httpx
from pydantic import ValidationError

from services.notifier.domain import DeliveryOutcome, Next, Outcome, RetryPolicy, after
from services.notifier.mailer.about import EmailData
from services.notifier.mailer.key_mails import KeyMails
from services.notifier.mailer.letters import Email, Letters, Outdated, Unmailable
from services.notifier.mailer.queue import Done, MailerLease, Queue, Task
from services.notifier.mailer.smtp import ServerDown, SmtpConnection
from services.notifier.mailer.transaction_batcher import DATABASE_DOWN, TransactionBatcher
from shared import telemetry

log = telemetry.logger(__name__)

_RECOVER_SECONDS = 30.0
_FIRST_PAUSE = 0.2
_RESTING_SHARE = 5.0
"""Looking in vain through e-mails that lack something is followed by so many times its duration of rest."""


@dataclass(frozen=True)
class MailServer:
    """Where to hand e-mail over, and how patiently. Times in seconds."""

    host: str
    port: int
    connections: int = 4
    answer_seconds: float = 60.0
    down_pause: float = 30.0
    """The longest pause between two tries to reach a server that is down."""
    idle_pause: float = 0.2
    """Between two looks at the queue."""


class Mailer:
    """Sends what is due until it is told to stop. Any number of them may run at once."""

    name = "notifier mailer"

    def __init__(
        self,
        queue: Queue,
        letters: Letters,
        server: MailServer,
        patience: RetryPolicy,
        key_mails: KeyMails | None = None,
    ) -> None:
        """`key_mails`: who tells what e-mails with keys say."""
        self._queue = queue
        self._letters = letters
        self._server = server
        self._patience = patience
        self._key_mails = key_mails

    def run(self, stop: threading.Event) -> None:
        presence = MailerLease(self._queue.database)
        try:
            presence.hold()
            asyncio.run(self._run(presence, stop))
        finally:
            presence.let_go()

    async def _run(self, presence: MailerLease, stop: threading.Event) -> None:
        due = asyncio.Event()
        end = _End(stop)
        clerk = TransactionBatcher(self._queue, presence.number)
        lines = [self._serve(clerk, due, end) for _ in range(self._server.connections)]
        try:
            await asyncio.gather(self._watch(presence, due, end), *lines)
        finally:
            end.crashed = True
            due.set()

    async def _watch(self, presence: MailerLease, due: asyncio.Event, end: "_End") -> None:
        """Say when something is due; see to what dead mailers left behind."""
        recovered = float("-inf")
        pause = self._server.idle_pause
        while not end.is_set():
            try:
                await asyncio.to_thread(presence.hold)
                if time.monotonic() - recovered > _RECOVER_SECONDS:
                    self._report(await asyncio.to_thread(self._queue.recover))
                    recovered = time.monotonic()
                began = time.monotonic()
                released = await asyncio.to_thread(self._queue.release)
                spent = time.monotonic() - began
                if released or await asyncio.to_thread(self._queue.any_due):
                    due.set()
                pause = 0.0 if released else max(self._server.idle_pause, _RESTING_SHARE * spent)
            except DATABASE_DOWN:
                pause = self._grown(pause)
                log.warning("the database is down; trying again", worker=self.name, seconds=pause)
            await _sleep(pause, end)
        due.set()

    def _report(self, orphaned: int) -> None:
        if orphaned:
            log.warning("e-mails of a mailer that died are unknown now", count=orphaned)

    async def _serve(self, clerk: TransactionBatcher, due: asyncio.Event, end: "_End") -> None:
        """One connection: opened when something is due, used until nothing is, or it breaks."""
        pause = _FIRST_PAUSE
        while not end.is_set():
            await due.wait()
            if end.is_set():
                return
            line = SmtpConnection(
                self._server.host, self._server.port, self._letters.domain, self._server.answer_seconds
            )
            try:
                await line.open()
            except ServerDown as down:
                log.warning("the mail server does not answer; trying again", kind=str(down), seconds=pause)
                await _sleep(pause, end)
                pause = self._grown(pause)
                continue
            pause = _FIRST_PAUSE
            await self._drain(line, clerk, due, end)
            await line.close()

    def _grown(self, pause: float) -> float:
        return min(max(pause, _FIRST_PAUSE) * 2, self._server.down_pause)

    async def _drain(self, line: SmtpConnection, clerk: TransactionBatcher, due: asyncio.Event, end: "_End") -> None:
        done: Done | None = None
        while True:
            more = line.usable and not end.is_set()
            task = await clerk.turn(done, more=more)
            if task is None:
                if more:
                    due.clear()
                return
            outcome = await self._send(line, task)
            done = Done(task, outcome, self._then(outcome, task))

    async def _send(self, line: SmtpConnection, task: Task) -> Outcome:
        if task.about.key_id is not None:
            return await self._send_key(line, task)
        return await self._hand_over(line, task.about)

    async def _send_key(self, line: SmtpConnection, task: Task) -> Outcome:
        """What it says is asked for now, and forgotten when it has gone; nor does the ledger get it from the server's answer."""
        if self._key_mails is None:
            return Outcome(DeliveryOutcome.NOT_ACCEPTED, "not handed over: ROLLBOOK_SERVICE_SECRET is not set")
        try:
            mail = await asyncio.to_thread(self._key_mails.ask, task.about)
        except Outdated:
            return Outcome(DeliveryOutcome.NOT_ACCEPTED, "not handed over: there is nothing to be sent any more")
        except Unmailable as error:
            return Outcome(DeliveryOutcome.REFUSED, str(error))
        except (httpx.HTTPError, ValidationError) as error:
            return Outcome(
                DeliveryOutcome.NOT_ACCEPTED, f"not handed over: asking for the key failed: {type(error).__name__}"
            )
        return mail.hushed(await self._hand_over(line, mail.complete(task.about)))

    async def _hand_over(self, line: SmtpConnection, about: EmailData) -> Outcome:
        try:
            letter = self._letters.compose(about)
        except Unmailable as error:
            return Outcome(DeliveryOutcome.REFUSED, str(error))
        except Outdated:
            return Outcome(DeliveryOutcome.NOT_ACCEPTED, "not handed over: nothing is held any more")
        except Exception as error:
            log.error("an e-mail could not be composed", message=str(about.message_id), kind=type(error).__name__)
            return Outcome(DeliveryOutcome.NOT_ACCEPTED, f"could not be composed: {type(error).__name__}")
        return await self.deliver(line, letter)

    async def deliver(self, line: SmtpConnection, letter: Email) -> Outcome:
        """The conversation about one message, which is `sending` by now."""
        return await line.deliver(letter)

    def _then(self, outcome: Outcome, task: Task) -> Next:
        return after(outcome, task.attempt, self._patience)


class _End:
    """Told to stop, or one of the tasks crashed. A task may not rely on being cancelled: a timeout around a network
    operation that completes at that moment swallows it."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self.crashed = False

    def is_set(self) -> bool:
        return self.crashed or self._stop.is_set()


async def _sleep(seconds: float, end: _End) -> None:
    """Sleep, but not long past the end."""
    over = time.monotonic() + seconds
    while not end.is_set() and (left := over - time.monotonic()) > 0:
        await asyncio.sleep(min(left, 0.2))
