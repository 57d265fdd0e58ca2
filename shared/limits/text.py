"""What a text may be: its length, no NUL and no other control characters, something to see where a name is needed."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import PydanticCustomError, core_schema

from shared.errors import Invalid

_NOT_IN_A_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_NOT_IN_A_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Characters that fonts draw as nothing although they are letters, marks or symbols."""


@dataclass(frozen=True)
class Text:
    """Of a string: at most so many characters, of one line unless `lines`; what it begins or ends with as blank is taken off.

    With `least` there is something to see in it: blanks and invisible characters are no name. `example` goes into the
    documents where a caller may not guess what is meant.
    """

    most: int
    least: int = 0
    lines: bool = False
    strip: bool = True
    pattern: str | None = None
    example: str | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        inner = core_schema.str_schema(
            min_length=self.least or None,
            max_length=self.most,
            strip_whitespace=self.strip,
            pattern=self.pattern,
        )
        return core_schema.no_info_after_validator_function(self._checked, inner)

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        told = handler(schema)
        return {**told, "examples": [self.example]} if self.example else told

    def _checked(self, text: str) -> str:
        if fault := self.fault(text):
            raise PydanticCustomError("text", "{fault}", {"fault": fault})
        return text

    def fault(self, text: str) -> str | None:
        """What is wrong with its characters, if anything is; the length is another matter."""
        found = (_NOT_IN_A_TEXT if self.lines else _NOT_IN_A_LINE).search(text)
        if found:
            allowed = "only line breaks and tabs are allowed" if self.lines else "use a single line"
            return f"character {found.start() + 1} is the control character U+{ord(found[0]):04X}; {allowed}"
        if self.least and not any(map(_seen, text)):
            return "it is blank; enter some text"
        return None


def _seen(character: str) -> bool:
    return unicodedata.category(character)[0] not in "ZC" and character not in _UNSEEN


LINE, REMARK = Text(255), Text(2000, lines=True)
Line = Annotated[str, LINE]
"""One line, maybe empty."""
Name = Annotated[str, Text(255, 1)]
PersonName = Annotated[str, Text(100, 1)]
"""A first or a last name."""
FieldName = Annotated[str, Text(100, 1)]
"""Of a field that an operator chose."""
Key = Annotated[str, Text(100, 1)]
"""What another system knows something by."""
LongKey = Annotated[str, Text(255, 1)]
Role = Annotated[str, Text(50, 1)]
"""The name of a permission role."""
Email = Annotated[str, Text(254, 3, example="ana@example.org")]
Remark = Annotated[str, REMARK]
"""A reason, a note, a piece of evidence: some lines."""
Description = Annotated[str, Text(10_000, lines=True)]
Sought = Annotated[str, Text(255, strip=False)]
"""A part of what is looked for; a blank in it is looked for, too."""
Secret = Annotated[str, Text(1_000, strip=False, lines=True)]
"""A password, as it was typed."""
Code = Annotated[str, Text(64, 1, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Country = Annotated[str, Text(2, 2, pattern="^[A-Z]{2}$")]
"""Two letters (ISO 3166-1)."""
Language = Annotated[str, Text(30)]
LanguageTag = Annotated[str, Text(30, 2, pattern="^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$", example="de-CH")]
"""A language as BCP 47 writes it."""
Zone = Annotated[str, Text(100, example="Europe/Zurich")]
"""A time zone, as the IANA names it."""
Cursor = Annotated[str, Text(8_000, pattern="^[A-Za-z0-9_=-]*$")]
"""`next` from the previous page."""
Positions = Annotated[str, Text(500, example="enrollment:1234")]
"""Positions that answers have to be as new as."""


def clean(text: str, kind: Text = LINE) -> bool:
    """Its characters may come in. For cells and files, which no model reads."""
    return kind.fault(text) is None


def check_text(text: str, field: str, kind: Text = LINE) -> str:
    """The text without blanks around it. Raises Invalid for what `kind` does not allow."""
    text = text.strip()
    if len(text) > kind.most:
        raise Invalid(f"{field}: it has {len(text)} characters, but at most {kind.most} are allowed.", field=field)
    if fault := kind.fault(text):
        raise Invalid(f"{field}: {fault}.", field=field)
    return text
