"""What the OpenAPI document of a service says of its answers, beside what the routes themselves do."""

from typing import Any

from fastapi import FastAPI

from shared.problems import PROBLEM
from shared.store import Receipt

JOB: dict[int | str, dict[str, Any]] = {
    202: {
        "model": Receipt,
        "description": "A job is running; send `Prefer: wait=N` to wait for it",
        "headers": {"Location": {"description": "The job's address", "schema": {"type": "string"}}},
    }
}
"""For `responses` of a command that works in jobs."""


def file(media_type: str, description: str) -> dict[int | str, dict[str, Any]]:
    """For `responses` of a route that answers with a file."""
    binary = {} if media_type.startswith("text/") else {"format": "binary"}
    content = {media_type: {"schema": {"type": "string", **binary}}}
    return {200: {"description": description, "content": content}}


def body(media_type: str, description: str) -> dict[str, Any]:
    """For `openapi_extra` of a route that takes a file as it is."""
    content = {media_type: {"schema": {"type": "string", "format": "binary"}}}
    return {"requestBody": {"required": True, "description": description, "content": content}}


class Api(FastAPI):
    """An application whose problems are documented as what they are: `application/problem+json`."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            found = super().openapi()
            for operations in found["paths"].values():
                for operation in operations.values():
                    for status, answer in operation["responses"].items():
                        if status in ("4XX", "503"):
                            answer["content"] = {PROBLEM: answer["content"]["application/json"]}
        return super().openapi()
