"""Downloads that the database makes while a reader takes them: apart from the pool, limited, and ended with their reader."""

import contextlib
import threading
from collections.abc import Callable, Generator, Iterator, Mapping

import anyio
import psycopg
from anyio import CapacityLimiter, to_thread
from psycopg import sql
from starlette.responses import StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import telemetry
from shared.database import Connection, snapshot
from shared.errors import Busy
from shared.settings import Settings

log = telemetry.logger(__name__)

Rows = Callable[[Connection], Iterator[bytes]]
"""Makes the parts of an answer, on a connection that sees one moment. What it raises before the first part is the answer."""

_CONNECT_SECONDS = 5
_LOOK_SECONDS = 0.2


class Streams:
    """The downloads of one service. Each has a connection of its own, which is closed when the answer ends, however it ends."""

    def __init__(self, settings: Settings, application: str) -> None:
        self._settings = settings
        self._application = f"{application} download"
        self._places = threading.BoundedSemaphore(settings.stream_limit)
        self.threads = CapacityLimiter(2 * settings.stream_limit)
        """For each download one to read, and one to end it."""
        self.seconds = settings.stream_seconds

    def answer(self, rows: Rows, *, media_type: str, headers: Mapping[str, str]) -> StreamingResponse:
        """Nothing is read, and no place taken, before the answer is sent; one too many is then refused as Busy."""
        return _Download(self, rows, media_type, headers)

    @contextlib.contextmanager
    def place(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise Busy(
                f"{self._settings.stream_limit} downloads are already running, which is the limit (ROLLBOOK_STREAM_LIMIT). "
                "Try again in a moment."
            )
        try:
            yield
        finally:
            self._places.release()

    def connect(self) -> Connection:
        conn = psycopg.connect(
            self._settings.database_url,
            autocommit=True,
            application_name=self._application,
            connect_timeout=_CONNECT_SECONDS,
        )
        conn.execute(sql.SQL("SET statement_timeout = {}").format(round(self.seconds * 1000)))
        return conn


class _Download(StreamingResponse):
    def __init__(self, streams: Streams, rows: Rows, media_type: str, headers: Mapping[str, str]) -> None:
        super().__init__((), media_type=media_type, headers=headers)
        self._streams = streams
        self._rows = rows

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """What fails before the first part is raised. What fails later leaves the answer visibly incomplete."""
        failed: Exception | None = None
        with self._streams.place():
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._until_the_reader_goes, receive, tasks.cancel_scope)
                try:
                    await self._stream(send)
                except Exception as error:
                    failed = error
                tasks.cancel_scope.cancel()
        if failed:
            raise failed

    async def _until_the_reader_goes(self, receive: Receive, scope: anyio.CancelScope) -> None:
        await self.listen_for_disconnect(receive)
        scope.cancel()

    async def _stream(self, send: Send) -> None:
        source = _Source(self._streams.connect, self._rows)
        try:
            part = await self._read(source.part)
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            try:
                with anyio.fail_after(self._streams.seconds):
                    while part is not None:
                        await send({"type": "http.response.body", "body": part, "more_body": True})
                        part = await self._read(source.part)
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
            except (psycopg.Error, TimeoutError) as error:
                log.warning("a download was broken off", reason=type(error).__name__)
        finally:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(source.close, limiter=self._streams.threads)

    async def _read(self, part: Callable[[], bytes | None]) -> bytes | None:
        return await to_thread.run_sync(part, limiter=self._streams.threads, abandon_on_cancel=True)


class _Source:
    """The parts, read in any thread, one at a time; `close` from another ends what is being read."""

    def __init__(self, connect: Callable[[], Connection], rows: Rows) -> None:
        self._connect = connect
        self._rows = rows
        self._reading = threading.Lock()
        self._conn: Connection | None = None
        self._parts = self._made()
        self._ended = False

    def _made(self) -> Generator[bytes, None, None]:
        self._conn = self._connect()
        with snapshot(self._conn):
            yield from self._rows(self._conn)

    def part(self) -> bytes | None:
        with self._reading:
            return None if self._ended else next(self._parts, None)

    def close(self) -> None:
        """Not by reading to the end, nor by asking the database, which may be waiting for us to read: by hanging up."""
        self._ended = True
        while not self._reading.acquire(timeout=_LOOK_SECONDS):
            if self._conn is not None:
                with contextlib.suppress(psycopg.Error):
                    self._conn.cancel_safe(timeout=_CONNECT_SECONDS)
        try:
            if self._conn is not None:
                self._conn.close()
            with contextlib.suppress(psycopg.Error):
                self._parts.close()
        finally:
            self._reading.release()


class Patience:
    """Lets go of a reader who takes nothing of an answer for so many seconds: whatever waits for him ends."""

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        left = False

        async def within(message: Message) -> None:
            nonlocal left
            try:
                with anyio.fail_after(self._seconds):
                    await send(message)
            except TimeoutError as error:
                left = True
                raise ReaderGone from error

        try:
            await self._app(scope, receive, within)
        except Exception:
            if not left:
                raise
            log.warning("a reader took nothing any more", seconds=self._seconds)


class ReaderGone(Exception):
    """Nobody takes the answer."""
