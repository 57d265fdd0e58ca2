"""What may be asked of each report, and what it answers, as models of its routes: made from its description."""

from collections.abc import Sequence
from datetime import datetime
from types import GenericAlias
from typing import Any, Literal, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, create_model

from services.reporting.reports.grammar import Filter, Source
from services.reporting.reports.reading import Question, ReportPage
from shared.limits import BIGGEST, AsOf, Cursor, Positions

Fields = dict[str, object]
"""Of a model: types with defaults, by name."""
M = TypeVar("M", bound=BaseModel)


class Saved(BaseModel):
    """A question as a saved report keeps it: its filters are fields of the classes made from it."""

    model_config = ConfigDict(extra="forbid")

    as_of: AsOf | None = Field(
        None, description="A date (its end in UTC) or a time with UTC offset; empty for now (RPT-7)"
    )


class Asked(Saved):
    """A question that is asked now."""

    at_least: Positions | None = Field(
        None, description="Positions, such as enrollment:1234,directory:99: the answer is at least that recent (RPT-6)"
    )


class Paged(Asked):
    cursor: Cursor | None = Field(None, description="`next` from the previous page")
    limit: int | None = Field(None, ge=1, le=BIGGEST)


class Parted(Asked):
    """A question to the chart of a report: by what its rows are counted."""

    by: str


class ReportAnswer(BaseModel):
    """One page. `as_new_as` tells how far each source of events has been applied, in the form that `at_least` takes (RPT-6)."""

    next: str | None
    as_of: datetime | None
    as_new_as: list[str]


class Models:
    """Those of one report: what may be asked in an address, what in a body, which has parts of names too, and the answer."""

    def __init__(self, source: Source) -> None:
        title = self.title = "".join(word.capitalize() for word in source.name.split("-"))
        address = _fields([one for one in source.filters if not one.personal])
        body = _fields(source.filters)
        sort: Fields = {"sort": (one_of(source.sorts), source.first_order)}
        about = "Only these columns, in this order; none: all"
        columns: Fields = {
            "columns": (_list(one_of(source.names)), Field(default_factory=list, max_length=50, description=about))
        }
        by: Fields = {"by": (one_of(tuple(source.parts)), next(iter(source.parts)))} if source.parts else {}
        self.list = _model(f"{title}List", Paged, address | sort)
        self.search = _model(f"{title}Search", Paged, body | sort)
        self.count = _model(f"{title}Count", Asked, address)
        self.search_count = _model(f"{title}SearchCount", Asked, body)
        self.parts = _model(f"{title}Parts", Parted, address | by)
        self.search_parts = _model(f"{title}SearchParts", Parted, body | by)
        self.export = _model(f"{title}Export", Asked, address | sort | columns)
        self.search_export = _model(f"{title}SearchExport", Asked, body | sort | columns)
        self.saved = _model(f"{title}SavedQuestion", Saved, body | sort | columns | by)
        row: Fields = {one.name: (one.type if one.always else one.type | None, ...) for one in source.columns}
        rows = _list(_model(f"{title}Row", BaseModel, row))
        self.page = _model(f"{title}Page", ReportAnswer, {"items": (rows, ...)})

    def answer(self, page: ReportPage) -> BaseModel:
        items = [dict(zip(page.columns, row, strict=True)) for row in page.rows]
        told = {"items": items, "next": page.next, "as_of": page.as_of, "as_new_as": page.as_new_as}
        return self.page.model_validate(told)


def question(source: Source, asked: Saved) -> Question:
    """The question that a request asks."""
    values = {one.name: getattr(asked, one.name, None) for one in source.filters}
    given = {name: value for name, value in values.items() if value not in (None, "", [])}
    chosen: Sequence[str] = getattr(asked, "columns", ())
    return Question(given, asked.as_of, getattr(asked, "sort", None), list(dict.fromkeys(chosen)))


def one_of(names: Sequence[str]) -> object:
    return cast("Any", Literal)[tuple(names)]


def _list(type: object) -> object:
    return GenericAlias(list, (type,))


def _fields(filters: Sequence[Filter]) -> Fields:
    found: Fields = {}
    for one in filters:
        about = one.about or None
        if one.several:
            found[one.name] = (_list(one.type), Field(default_factory=list, max_length=50, description=about))
        else:
            found[one.name] = (cast("Any", one.type) | None, Field(None, description=about))
    return found


def _model(name: str, base: type[M], fields: Fields) -> type[M]:
    return create_model(name, __base__=base, **cast("dict[str, Any]", fields))
