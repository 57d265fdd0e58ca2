"""What a run of the import is told, and the mapping from a file's headings to our fields."""

import importlib.resources
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from services.directory.projections.tables import Element
from shared.errors import Invalid
from shared.limits import FieldName, Key, Line, LongKey
from shared.limits.yaml_text import NoYaml, read_yaml

ELEMENTS: tuple[Element, ...] = ("org", "pos", "user", "jobassignment")
"""In the order in which a run creates and changes them."""
SHIPPED = ("totara", "canvas", "moodle")


class ElementMapping(BaseModel):
    """One kind of file: heading = field, and the fields without which a file is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fields: dict[LongKey, LongKey] = Field(max_length=500)
    mandatory: tuple[FieldName, ...] = Field(default=(), max_length=100)
    values: dict[FieldName, tuple[Line, ...]] = Field(default_factory=dict, max_length=100)
    """Fields of few values, in lower case, with those that there are; empty is one only where it is listed."""


class Mapping(BaseModel):
    """How one system's files are to be read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Key
    delimiter: Literal[",", ";", ":", "\t", "|"] = ","
    encoding: Key = "utf-8"
    date_format: Key = "d/m/Y"
    """PHP style; `c` is ISO 8601. A plain number is Unix seconds in any case."""
    zone: Key = "UTC"
    framework: Key | None = None
    """The one implicit framework of files that name none; created when it is not there."""
    key: Literal["external_id", "user_name"] = "external_id"
    """What a person is known by."""
    elements: dict[Element, ElementMapping]

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"there is no time zone '{zone}'") from None
        return zone

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, encoding: str) -> str:
        try:
            found = "a".encode(encoding).decode(encoding)
            if not isinstance(found, str):
                raise LookupError
        except (LookupError, ValueError):
            raise ValueError(f"there is no encoding '{encoding}'") from None
        return encoding


class Options(BaseModel):
    """One run (DIR-8, DIR-13). What is not given comes from the mapping."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mapping: Mapping
    feed: Key
    """Who manages the records that the run creates."""
    dry_run: bool = False
    contains_all: bool = False
    """The files hold all records of the feed; those that are missing have left. Otherwise a `deleted` column is needed."""
    empty: Literal["ignore", "erase"] = "ignore"
    removal: Literal["keep", "deactivate", "remove"] = "deactivate"
    job_key: Literal["idnumber", "first"] = "idnumber"
    take_over: bool = False
    """Also change records that another feed or a person manages."""
    create_frameworks: bool = False
    no_create: tuple[Element, ...] = ()
    no_change: tuple[Element, ...] = ()
    no_remove: tuple[Element, ...] = ()


def mapping(text: str) -> Mapping:
    """One of the shipped mappings by name, or a mapping file (YAML). Raises Invalid."""
    name = text.strip()
    if name in SHIPPED:
        text = (importlib.resources.files("services.directory.imports") / f"{name}.yaml").read_text("utf-8")
    try:
        return Mapping.model_validate(read_yaml(text.encode("utf-8", "replace")))
    except (NoYaml, ValidationError) as error:
        if isinstance(error, ValidationError):
            first = error.errors()[0]
            detail = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        else:
            detail = f"it {error}"
        raise Invalid(
            f"The mapping must be one of {', '.join(SHIPPED)}, or a readable mapping file: {detail}.",
            field="mapping",
        ) from error


class Heading(BaseModel):
    """A heading that is read, and what it becomes. `mandatory`: a file without any heading of this field is refused."""

    heading: str
    field: str
    mandatory: bool


class FileHeadings(BaseModel):
    element: Element
    headings: list[Heading]


class MappingView(BaseModel):
    """A mapping that ships, as whoever prepares files reads it."""

    name: str
    delimiter: str
    encoding: str
    date_format: str
    zone: str
    files: list[FileHeadings]


def shipped() -> list[MappingView]:
    return [_shown(mapping(name)) for name in SHIPPED]


def _shown(of: Mapping) -> MappingView:
    files = [
        FileHeadings(
            element=element,
            headings=[
                Heading(heading=heading, field=field, mandatory=field in one.mandatory)
                for heading, field in one.fields.items()
            ],
        )
        for element, one in of.elements.items()
    ]
    return MappingView(**of.model_dump(include={"name", "delimiter", "encoding", "date_format", "zone"}), files=files)
