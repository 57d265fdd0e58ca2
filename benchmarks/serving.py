"""The enrollment service as two processes, as it is run in production, and a caller with a token."""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from tempfile import TemporaryFile
from typing import IO
from uuid import UUID

import httpx
from joserfc import jwt
from joserfc.jwk import OKPKey

from benchmarks import company
from shared.ports import free_port
from shared.settings import Settings
from shared.suite import SOURCES


class Keys:
    """Signs tokens, and publishes the key as the directory does."""

    def __init__(self) -> None:
        self._key = OKPKey.generate_key("Ed25519", {"kid": "bench", "use": "sig"})
        told = json.dumps({"keys": [self._key.as_dict(private=False)]}).encode()

        class Told(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(told)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Told)
        self.url = f"http://127.0.0.1:{self._server.server_port}/jwks"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def token(self, settings: Settings, person: UUID, *roles: str) -> str:
        """Of somebody who has these roles everywhere."""
        claims = {
            "iss": settings.issuer,
            "aud": settings.audience,
            "sub": str(person),
            "exp": int(time.time()) + 3_600,
            "roles": [[role, None] for role in roles],
            "home": None,
        }
        return jwt.encode({"alg": "Ed25519", "kid": "bench"}, claims, self._key, algorithms=["Ed25519"])

    def headers(self, settings: Settings) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(settings, company.ADMINISTRATOR, 'site-administrator')}"}

    def close(self) -> None:
        self._server.shutdown()


@contextlib.contextmanager
def enrollment(info: str, *roles: str) -> Iterator[httpx.Client]:
    """A process for each role on this database; the caller speaks to the first, the api. Nobody reads the feeds."""
    keys = Keys()
    ports = {role: free_port() for role in roles}
    with TemporaryFile() as told:
        children = [
            subprocess.Popen(
                [sys.executable, "-m", "services.cli", "run", "enrollment", role, "--with-parent"],
                env={
                    **os.environ,
                    "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
                    "ROLLBOOK_DATABASE_URL": info,
                    "ROLLBOOK_FEEDS": json.dumps(dict.fromkeys(SOURCES, info)),
                    "ROLLBOOK_JWKS_URL": keys.url,
                    "ROLLBOOK_PORT": str(port),
                },
                stdin=subprocess.PIPE,
                stderr=told,
            )
            for role, port in ports.items()
        ]
        try:
            with httpx.Client(
                base_url=f"http://127.0.0.1:{ports[roles[0]]}", headers=keys.headers(Settings()), timeout=60.0
            ) as http:
                for child, port in zip(children, ports.values(), strict=True):
                    _wait_for(child, f"http://127.0.0.1:{port}/health/ready", told)
                yield http
        finally:
            for child in children:
                child.terminate()
            for child in children:
                child.wait(30)
            keys.close()


def _wait_for(child: "subprocess.Popen[bytes]", url: str, told: IO[bytes], seconds: float = 60.0) -> None:
    """Raises at once where the process has ended, with what it told: it will never answer."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(url, timeout=2.0).status_code == 200:
                return
        if child.poll() is not None:
            told.seek(0)
            raise RuntimeError(f"{url}: the process ended with {child.returncode}: {told.read()[-2_000:].decode()}")
        time.sleep(0.05)
    raise TimeoutError(f"{url} does not answer")
