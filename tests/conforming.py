"""Requests that schemathesis draws from a service's own OpenAPI document, and what of it the answers break."""

from collections import Counter
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from typing import Any

import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

SEED = 20_261_128
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
schemathesis.serializer.alias(XLSX, "application/octet-stream")


class Conformance:
    """Asks every operation for what fits the document and for what does not. `known`: ids for what is named so, that a
    request which fits reaches the code; what deletes comes last, so that they stay known."""

    def __init__(self, app: FastAPI, headers: Mapping[str, str], known: Mapping[str, Any], examples: int = 6) -> None:
        self.schema = schemathesis.openapi.from_asgi(str(app.openapi_url), app)
        self.headers = dict(headers)
        self.known = known
        self.examples = examples
        self.documented = {
            f"{method.upper()} {path}" for path, item in app.openapi()["paths"].items() for method in item
        }
        self.visited: Counter[str] = Counter()
        self.served: Counter[str] = Counter()
        """How often each operation answered with success."""
        self.answers: Counter[int] = Counter()
        self.faults: list[str] = []

    def run(self) -> None:
        operations = [found.ok() for found in self.schema.get_all_operations()]
        for operation in sorted(operations, key=lambda one: one.method == "delete"):
            places = {one.name for one in operation.path_parameters}
            fixed = {name: str(self.known[name]) for name in places & self.known.keys()}
            for mode in GenerationMode:
                drawn = operation.as_strategy(
                    generation_mode=mode, path_parameters=fixed if mode.is_positive and fixed else None
                )
                with (
                    suppress(Unsatisfiable) if mode.is_negative else nullcontext()
                ):  # nothing is wrong where nothing is taken
                    self._ask(drawn)

    def _ask(self, drawn: Any) -> None:
        @seed(SEED)
        @settings(
            max_examples=self.examples,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=drawn)
        def each(case: Case) -> None:
            self._send(case)

        each()

    def _send(self, case: Case) -> None:
        if case.meta.generation.mode.is_positive:
            case.headers.pop("If-Match", None)  # of a version that nothing has
            if isinstance(case.body, dict):
                case.body.update({name: self.known[name] for name in case.body.keys() & self.known.keys()})
        self.visited[case.operation.label] += 1
        try:
            answer = case.call(headers=self.headers)
        except Exception as crash:  # comes through the application in place of a 500
            self.faults.append(f"{case.operation.label} 500: {crash!r} {case.as_curl_command()[:1000]}")
            return
        self.answers[answer.status_code] += 1
        if answer.status_code < 300:
            self.served[case.operation.label] += 1
        try:
            case.validate_response(answer, checks=CHECKS)
        except FailureGroup as failures:
            self.faults.append(f"{case.operation.label} {answer.status_code}: {failures.message[:1500]}")
