"""Folders for the servers that tests start: in memory where there is room, since each database is hundreds of files.

Tests end processes, not machines, so a disk would show nothing more.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEMORY = Path("/dev/shm")
ROOM = 4 << 30
"""Bytes that must be free, both there and of the machine's memory."""


@contextmanager
def new_folder(prefix: str) -> Iterator[Path]:
    """Removed at the end. Everybody may enter it: where we are root, PostgreSQL runs as somebody else. TMPDIR has its way."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=None if os.environ.get("TMPDIR") else _memory()))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _memory() -> Path | None:
    try:
        told = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        available = int(told["MemAvailable"].split()[0]) << 10
        free = shutil.disk_usage(MEMORY).free if os.access(MEMORY, os.W_OK | os.X_OK) else 0
    except (OSError, KeyError):
        return None
    return MEMORY if min(available, free) >= ROOM else None
