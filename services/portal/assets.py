"""The one style sheet and the one script, put together from their parts, with a digest in their names; and what API pages need."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import fastapi_offline

STATIC = Path(__file__).parent / "static"
_PARTS = {
    "css": ("reset", "tokens", "base", "layout", "parts", "pages"),
    "js": ("core", "region", "live", "dialog", "search", "select", "care"),
}
_SWAGGER = Path(fastapi_offline.__file__).parent / "static"
"""Swagger UI as files, so that nothing is loaded from elsewhere."""
_API = {
    "api.css": (_SWAGGER / "swagger-ui.css", STATIC / "api" / "api.css"),
    "api.js": (_SWAGGER / "swagger-ui-bundle.js", STATIC / "api" / "api.js"),
}
_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}


@dataclass(frozen=True)
class Asset:
    name: str
    content: bytes
    type: str


@cache
def assets() -> dict[str, Asset]:
    """By kind: `css`, `js`, `svg`; `api.css` and `api.js` for the documentation of APIs alone."""
    files = {kind: tuple(STATIC / kind / f"{part}.{kind}" for part in parts) for kind, parts in _PARTS.items()}
    found = {kind: b"\n".join(part.read_bytes() for part in parts) for kind, parts in (files | _API).items()}
    found["svg"] = (STATIC / "mark.svg").read_bytes()
    return {
        kind: Asset(_name(kind, content), content, _TYPES[kind.rpartition(".")[2]]) for kind, content in found.items()
    }


def _name(kind: str, content: bytes) -> str:
    return f"rollbook.{hashlib.sha256(content).hexdigest()[:12]}.{kind}"
