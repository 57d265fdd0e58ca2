"""The description of every event for other services (EVT-2): JSON Schemas and an AsyncAPI 3.0 document, from the classes.

`python -m shared.asyncapi docs/events` writes them. It refuses a change that would break a subscriber or make a stored
event unreadable: such a change is a new class with the next version.
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pydantic_core
from pydantic import JsonValue

import shared.contracts
from shared.events import Event, Meta, registered

Schema = dict[str, JsonValue]

DOCUMENT = "asyncapi.json"
"""The name of the AsyncAPI document, beside one schema file per wire name."""

_STORED_APART = ("originator_id", "originator_version")
_WORDS = frozenset({"title", "description", "default", "examples", "$id", "$schema", "$defs"})
"""Members of a schema that say nothing about which values fit."""
_UPPER = frozenset({"maximum", "exclusiveMaximum", "maxLength", "maxItems"})
_LOWER = frozenset({"minimum", "exclusiveMinimum", "minLength", "minItems"})


def published() -> Mapping[str, type[Event]]:
    """The event classes of `shared.contracts` by wire name, in the order of the names."""
    home = shared.contracts.__name__ + "."
    return {name: cls for name, cls in sorted(registered().items()) if cls.__module__.startswith(home)}


def schema_of(event: type[Event]) -> Schema:
    """The JSON Schema of a body as it is stored and published. Subscribers ignore members that they do not know."""
    schema: Schema = event.model_json_schema(mode="serialization")
    properties = _members(schema, "properties")
    required = schema.get("required")
    schema["properties"] = {name: value for name, value in properties.items() if name not in _STORED_APART}
    schema["required"] = [n for n in required if n not in _STORED_APART] if isinstance(required, list) else []
    _open(schema)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:rollbook:event:{event.TOPIC}",
        **schema,
    }


def document() -> Schema:
    """The AsyncAPI 3.0 document: one channel per service, one message per event class."""
    sources = sorted({name.partition(".")[0] for name in published()})
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Rollbook events",
            "version": "1",
            "description": "What happened, for ever. A name ends with its version: a change of meaning is a new name, "
            "and old ones stay readable. Delivery is at least once; epoch, stream and version together identify an "
            "event. No event holds personal data.",
        },
        "defaultContentType": "application/json",
        "channels": {source: _channel(source) for source in sources},
        "operations": {f"publish.{source}": _operation(source) for source in sources},
        "components": {
            "messages": {name: _message(name, cls) for name, cls in published().items()},
            "schemas": {"Headers": _headers()},
        },
    }


def _channel(source: str) -> Schema:
    return {
        "address": f"rollbook.{source}",
        "title": f"The history of {source}",
        "description": "A Kafka topic; its name begins with ROLLBOOK_KAFKA_PREFIX. Records of type rollbook.Watermark.v1 tell only "
        "that everything up to their position lies before them.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _names(source)},
    }


def _operation(source: str) -> Schema:
    messages: list[JsonValue] = [{"$ref": f"#/channels/{source}/messages/{name}"} for name in _names(source)]
    return {"action": "send", "channel": {"$ref": f"#/channels/{source}"}, "messages": messages}


def _names(source: str) -> list[str]:
    return [name for name in published() if name.partition(".")[0] == source]


def _message(name: str, event: type[Event]) -> Schema:
    return {
        "name": name,
        "title": event.__name__,
        "summary": (event.__doc__ or "").strip().partition("\n")[0],
        "headers": {"$ref": "#/components/schemas/Headers"},
        "payload": {"$ref": f"./{name}.json"},
    }


def _headers() -> Schema:
    """What `shared.feeds.wire` writes: CloudEvents 1.0 in binary mode, with attributes of our own."""
    uuid: Schema = {"type": "string", "format": "uuid"}
    number: Schema = {"type": "string", "pattern": "^[0-9]+$"}
    meta = ", ".join(Meta.model_fields)
    properties: Schema = {
        "ce_specversion": {"const": "1.0"},
        "ce_id": {"type": "string", "description": "epoch/stream/version: the same for an event that is sent again."},
        "ce_source": {"type": "string", "description": "As /rollbook/enrollment."},
        "ce_type": {"type": "string", "description": "The wire name. Ignore those that you do not know."},
        "ce_subject": {**uuid, "description": "The stream, which is the key too; its events stay in order."},
        "ce_time": {"type": "string", "format": "date-time", "description": "Grows with the position."},
        "content-type": {"const": "application/json"},
        "ce_position": {**number, "description": "The place in this source's history: in order within an epoch."},
        "ce_previous": {**number, "description": "The position of the record before, in the same partition."},
        "ce_epoch": {**uuid, "description": "One unbroken history. Positions compare only within it."},
        "ce_streamversion": {**number, "description": "The place within the stream."},
        "ce_meta": {"type": "string", "description": f"JSON: who, why, and caused by what ({meta})."},
        "ce_traceparent": {"type": "string", "description": "W3C trace context, where there is one."},
    }
    optional = ("ce_traceparent", "ce_meta")
    required: list[JsonValue] = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required}


def _open(schema: JsonValue) -> None:
    """Let subscribers accept members that later processes add."""
    if isinstance(schema, dict):
        if schema.get("additionalProperties") is False:
            del schema["additionalProperties"]
        for value in schema.values():
            _open(value)
    elif isinstance(schema, list):
        for value in schema:
            _open(value)


def incompatibilities(old: Schema, new: Schema) -> list[str]:
    """What of `old` no longer holds in `new`, one line each with the path; empty when the change is harmless.

    Harmless are a further member, a further value of an enumeration, a wider limit, and other words.
    """
    return list(_lost(old, new, old, new, "body"))


def _lost(old: Schema, new: Schema, old_root: Schema, new_root: Schema, path: str) -> Iterator[str]:
    old, new = _resolved(old, old_root), _resolved(new, new_root)
    yield from _lost_members(old, new, old_root, new_root, path)
    for word in sorted((old.keys() | new.keys()) - _WORDS - {"properties", "required"}):
        before, after = old.get(word), new.get(word)
        if isinstance(before, dict) and isinstance(after, dict):
            yield from _lost(before, after, old_root, new_root, f"{path}[]")
        elif isinstance(before, list) and isinstance(after, list) and word != "enum":
            yield from _lost_alternatives(before, after, old_root, new_root, f"{path} {word}")
        elif not _holds(word, before, after):
            yield f"{path}: {word} was {before}, is {after}"


def _lost_members(old: Schema, new: Schema, old_root: Schema, new_root: Schema, path: str) -> Iterator[str]:
    had, has = _members(old, "properties"), _members(new, "properties")
    for name, before in had.items():
        after = has.get(name)
        if not isinstance(before, dict) or not isinstance(after, dict):
            yield f"{path}.{name} is gone"
            continue
        yield from _lost(before, after, old_root, new_root, f"{path}.{name}")
        if name in _names_in(old, "required") - _names_in(new, "required"):
            yield f"{path}.{name} was always there, now it may be missing"


def _lost_alternatives(
    before: list[JsonValue], after: list[JsonValue], old_root: Schema, new_root: Schema, path: str
) -> Iterator[str]:
    if len(before) != len(after):
        yield f"{path}: had {len(before)} alternatives, has {len(after)}"
        return
    for index, (one, other) in enumerate(zip(before, after, strict=True)):
        if isinstance(one, dict) and isinstance(other, dict):
            yield from _lost(one, other, old_root, new_root, f"{path} {index}")
        elif one != other:
            yield f"{path}: was {one}, is {other}"


def _holds(word: str, before: JsonValue, after: JsonValue) -> bool:
    if word == "enum" and isinstance(before, list) and isinstance(after, list):
        return all(value in after for value in before)
    if isinstance(before, int | float) and word in _UPPER | _LOWER:
        if after is None:
            return True
        return isinstance(after, int | float) and (after >= before if word in _UPPER else after <= before)
    return before == after


def _resolved(schema: Schema, root: Schema) -> Schema:
    reference = schema.get("$ref")
    if isinstance(reference, str):
        target = _members(root, "$defs").get(reference.rpartition("/")[2])
        rest = {word: value for word, value in schema.items() if word != "$ref"}
        schema = {**target, **rest} if isinstance(target, dict) else schema
    if "const" in schema:
        schema = {**schema, "enum": [schema["const"]]}
        del schema["const"]
    return schema


def _members(schema: Schema, name: str) -> Schema:
    found = schema.get(name)
    return found if isinstance(found, dict) else {}


def _names_in(schema: Schema, name: str) -> set[str]:
    found = schema.get(name)
    return {item for item in found if isinstance(item, str)} if isinstance(found, list) else set()


def encoded(schema: Schema) -> bytes:
    return pydantic_core.to_json(schema, indent=2) + b"\n"


def generated() -> dict[str, bytes]:
    """File name to content, for the whole folder."""
    schemas = {f"{name}.json": encoded(schema_of(cls)) for name, cls in published().items()}
    return {**schemas, DOCUMENT: encoded(document())}


def refusals(folder: Path) -> list[str]:
    """Why the current classes may not replace what the folder publishes; empty when they may."""
    found = []
    for path in sorted(folder.glob("*.v*.json")):
        event = published().get(path.stem)
        if event is None:
            found.append(f"{path.stem} was published and has no class any more")
        else:
            old = pydantic_core.from_json(path.read_bytes())
            found += [f"{path.stem}: {line}" for line in incompatibilities(old, schema_of(event))]
    return found


def main(arguments: list[str]) -> int:
    """Write the folder. Returns 1, and writes nothing, where that would break a promise."""
    if len(arguments) != 1:
        print("usage: python -m shared.asyncapi FOLDER", file=sys.stderr)
        return 2
    folder = Path(arguments[0])
    if found := refusals(folder):
        print("\n".join([*found, "Make a new class with the next version instead."]), file=sys.stderr)
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in generated().items():
        (folder / name).write_bytes(content)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
