"""The published description of the events (EVT-2): current, whole, and never broken by a change."""

import json
from pathlib import Path
from typing import Any, ClassVar, Literal
from uuid import UUID

import pytest
from contracts.examples import EXAMPLES, golden
from pydantic import BaseModel, Field

from shared import asyncapi
from shared.events import Event

FOLDER = Path(__file__).parents[2] / "docs" / "events"
SCHEMAS = sorted(FOLDER.glob("*.v*.json"))


class Part(BaseModel):
    kind: Literal["content", "exam"]


class Example(Event):
    TOPIC: ClassVar[str] = "example.Example.v1"


class Before(Example):
    """An event as it was published."""

    person_id: UUID
    kind: Literal["content", "exam"]
    only: Literal["one"]
    note: str | None
    parts: tuple[Part, ...]
    title: str = Field(max_length=10)


def changed(**fields: Any) -> dict[str, Any]:
    """The schema of `Before` with some fields replaced, or removed where None."""
    annotations = {**Before.__annotations__, **{name: value for name, value in fields.items() if value is not None}}
    annotations = {name: value for name, value in annotations.items() if name not in fields or fields[name] is not None}
    body = {"__annotations__": annotations, "__module__": __name__}
    body |= {"title": Field(max_length=10)} if "title" not in fields else {}
    return asyncapi.schema_of(type("After", (Example,), body))


def broken(**fields: Any) -> list[str]:
    return asyncapi.incompatibilities(asyncapi.schema_of(Before), changed(**fields))


class LongPart(BaseModel):
    kind: Literal["content", "exam"]
    minutes: int


class BarePart(BaseModel):
    minutes: int


@pytest.mark.feature("EVT-2")
def test_the_published_documents_are_those_of_the_event_classes() -> None:
    there = {path.name: path.read_bytes() for path in FOLDER.glob("*.json")}
    assert there == asyncapi.generated(), "run: python -m shared.asyncapi docs/events"


@pytest.mark.feature("EVT-2")
@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.stem)
def test_no_published_event_has_lost_or_retyped_a_member(path: Path) -> None:
    old = json.loads(path.read_bytes())
    assert asyncapi.incompatibilities(old, asyncapi.schema_of(asyncapi.published()[path.stem])) == []


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.stem)
def test_a_schema_names_exactly_the_members_of_the_stored_forms(path: Path) -> None:
    schema, first = json.loads(path.read_bytes()), json.loads(golden(path.stem).read_bytes())
    later = [golden(name) for name in EXAMPLES if name.startswith(f"{path.stem}~")]
    every = [set(first), *(set(json.loads(form.read_bytes())) for form in later)]
    assert set(schema["properties"]) == set().union(*every)
    assert all(form >= set(schema["required"]) for form in every)


def test_a_further_member_value_or_length_breaks_nobody() -> None:
    assert broken(further=int, kind=Literal["content", "exam", "lab"], only=Literal["one", "two"]) == []
    assert broken(parts=tuple[LongPart, ...], title=str) == []


@pytest.mark.feature("EVT-2")
@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"person_id": None}, "body.person_id is gone"),
        ({"person_id": int}, "body.person_id: "),
        ({"person_id": str}, "body.person_id: format"),
        ({"person_id": UUID | None}, "body.person_id: "),
        ({"note": str}, "body.note: "),
        ({"note": int | None}, "body.note anyOf 0: type"),
        ({"kind": Literal["content"]}, "body.kind: enum"),
        ({"only": Literal["other"]}, "body.only: enum"),
        ({"parts": tuple[UUID, ...]}, "body.parts[]"),
        ({"parts": tuple[BarePart, ...]}, "body.parts[].kind is gone"),
    ],
)
def test_a_lost_or_retyped_member_is_found_with_its_place(fields: dict[str, Any], place: str) -> None:
    assert any(line.startswith(place) for line in broken(**fields)), broken(**fields)


@pytest.mark.feature("EVT-2")
def test_the_generator_refuses_to_publish_a_change_that_breaks_a_subscriber(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asyncapi.main([str(tmp_path)]) == 0
    schema = tmp_path / "enrollment.LearnerAssigned.v1.json"
    old = json.loads(schema.read_bytes())
    old["properties"]["colour"] = {"type": "string"}
    schema.write_text(json.dumps(old))
    (tmp_path / "enrollment.LearnerForgotten.v1.json").write_text("{}")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert asyncapi.main([str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "enrollment.LearnerAssigned.v1: body.colour is gone" in said
    assert "enrollment.LearnerForgotten.v1 was published and has no class" in said
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.feature("EVT-2")
def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    document = json.loads((FOLDER / asyncapi.DOCUMENT).read_bytes())
    assert document["asyncapi"] == "3.0.0"
    references = list(found_in(document))
    assert len(references) > 3 * len(SCHEMAS)
    for reference in references:
        assert leads_somewhere(document, reference), reference


def test_every_event_is_a_message_of_its_service_channel() -> None:
    document = json.loads((FOLDER / asyncapi.DOCUMENT).read_bytes())
    listed = {name for channel in document["channels"].values() for name in channel["messages"]}
    assert listed == set(asyncapi.published()) == {path.stem for path in SCHEMAS}


def found_in(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [reference for member in value.values() for reference in found_in(member)]
    return [reference for member in value for reference in found_in(member)] if isinstance(value, list) else []


def leads_somewhere(document: Any, reference: str) -> bool:
    if reference.startswith("./"):
        return (FOLDER / reference).is_file()
    for part in reference.removeprefix("#/").split("/"):
        document = document.get(part, {})
    return bool(document)
