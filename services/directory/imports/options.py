"""What a run of the import is told, and the mapping from a file's headings to our fields."""

import importlib.resources
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from services.directory.projections.tables import Element
from shared.errors import Invalid

ELEMENTS: tuple[Element, ...] = ("org", "pos", "user", "jobassignment")
"""In the order in which a run creates and changes them."""
SHIPPED = ("totara", "canvas", "moodle")


class ElementMapping(BaseModel):
    """One kind of file: heading = field, and the fields without which a file is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fields: dict[str, str]
    mandatory: tuple[str, ...] = ()
    values: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Fields of few values, in lower case, with those that there are; empty is one only where it is listed."""


class Mapping(BaseModel):
    """How one system's files are to be read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=100)
    delimiter: Literal[",", ";", ":", "\t", "|"] = ","
    encoding: str = "utf-8"
    date_format: str = "d/m/Y"
    """PHP style; `c` is ISO 8601. A plain number is Unix seconds in any case."""
    zone: str = "UTC"
    framework: str | None = None
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
            "".encode(encoding)
        except LookupError:
            raise ValueError(f"there is no encoding '{encoding}'") from None
        return encoding


class Options(BaseModel):
    """One run (DIR-8, DIR-13). What is not given comes from the mapping."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mapping: Mapping
    feed: str = Field(min_length=1, max_length=100)
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
        return Mapping.model_validate(yaml.safe_load(text))
    except (yaml.YAMLError, ValidationError) as error:
        if isinstance(error, ValidationError):
            first = error.errors()[0]
            detail = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        else:
            detail = "it is no YAML"
        raise Invalid(
            f"The mapping is neither one of {', '.join(SHIPPED)} nor a readable mapping file: {detail}.",
            field="mapping",
        ) from error
