"""No route forgets the limits of the edge: every text, day, number and list of a request says how far it may go."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from documents import documents

from shared.database import Database

BOUNDED_FORMATS = frozenset({"uuid", "binary"})
Schema = dict[str, Any]


def unlimited(schema: Schema, root: Schema, where: str, seen: tuple[str, ...] = ()) -> Iterator[str]:
    """Where, below this schema, a value may be without end."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        if name not in seen:
            yield from unlimited(root["components"]["schemas"][name], root, where, (*seen, name))
        return
    for word in ("anyOf", "oneOf", "allOf"):
        for one in schema.get(word, ()):
            yield from unlimited(one, root, where, seen)
    if {"enum", "const"} & schema.keys() or schema.get("format") in BOUNDED_FORMATS:
        return
    needed = {
        "string": ["formatMaximum"] if schema.get("format") in ("date", "date-time") else ["maxLength", "pattern"],
        "integer": ["maximum", "exclusiveMaximum"],
        "number": ["maximum", "exclusiveMaximum"],
        "array": ["maxItems"],
    }.get(str(schema.get("type")), [])
    if needed and not set(needed) & schema.keys():
        yield where
    if schema.get("type") in ("integer", "number") and not {"minimum", "exclusiveMinimum"} & schema.keys():
        yield where
    yield from _inside(schema, root, where, seen)


def _inside(schema: Schema, root: Schema, where: str, seen: tuple[str, ...]) -> Iterator[str]:
    for name, one in schema.get("properties", {}).items():
        yield from unlimited(one, root, f"{where}.{name}", seen)
    if isinstance(schema.get("items"), dict):
        yield from unlimited(schema["items"], root, f"{where}[]", seen)
    if schema.get("type") == "object" and not schema.get("properties"):
        names, values = schema.get("propertyNames"), schema.get("additionalProperties")
        if isinstance(values, dict):
            yield from unlimited(names or {"type": "string"}, root, f"{where}{{name}}", seen)
            yield from unlimited(values, root, f"{where}{{}}", seen)
            if "maxProperties" not in schema:
                yield f"{where}{{}}"


def requests(document: Schema) -> Iterator[tuple[str, Schema]]:
    """Each parameter and each body, with the name of its place."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            place = f"{method.upper()} {path}"
            for one in operation.get("parameters", ()):
                yield f"{place} {one['in']} {one['name']}", one["schema"]
            for content in operation.get("requestBody", {}).get("content", {}).values():
                yield f"{place} body", content["schema"]


def test_every_value_of_every_request_has_a_limit(database: Callable[..., Database]) -> None:
    told = documents(database)
    places = {
        f"{service}: {where}": [*unlimited(schema, document, where)]
        for service, document in told.items()
        for where, schema in requests(document)
    }
    assert len(places) > 400, len(places)
    assert not sorted({fault for faults in places.values() for fault in faults})


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string"},
        {"type": "string", "format": "date"},
        {"type": "integer", "minimum": 0},
        {"type": "array", "items": {"type": "boolean"}},
        {"type": "object", "properties": {"name": {"anyOf": [{"type": "string"}, {"type": "null"}]}}},
        {"type": "object", "additionalProperties": {"type": "boolean"}, "maxProperties": 3},
    ],
)
def test_a_value_without_a_limit_would_be_found(schema: Schema) -> None:
    assert [*unlimited(schema, {}, "here")] != []
