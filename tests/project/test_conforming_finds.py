"""What the tests of the OpenAPI documents would find: each kind of fault, in an application that has one of each."""

from typing import Any

import pytest
from conforming import Conformance
from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from shared.documents import JOB


class Made(BaseModel):
    id: int


def sound() -> Any:
    return Made(id=1)


def crashing() -> Any:
    raise RuntimeError


def undocumented() -> Any:
    return JSONResponse({"id": 1}, 202)


def of_another_type() -> Any:
    return Response("1", media_type="text/plain")


def of_another_form() -> Any:
    return JSONResponse({"id": "one"})


@pytest.mark.parametrize(
    ("route", "responses", "told"),
    [
        (sound, None, []),
        (crashing, None, ["500", "RuntimeError"]),
        (undocumented, None, ["202", "Undocumented status code"]),
        (undocumented, JOB, ["202", "Response violates schema"]),
        (of_another_type, None, ["200", "Undocumented Content-Type"]),
        (of_another_form, None, ["200", "Response violates schema"]),
    ],
)
def test_a_fault_of_this_kind_would_be_found(route: Any, responses: Any, told: list[str]) -> None:
    app = FastAPI()
    app.get("/things/{thing_id}", response_model=Made, responses=responses)(route)
    asked = Conformance(app, {}, {"thing_id": 7}, examples=2)
    asked.run()
    assert asked.visited["GET /things/{thing_id}"] > 0
    assert bool(asked.faults) == bool(told)
    assert [word for word in told if not any(word in fault for fault in asked.faults)] == []
