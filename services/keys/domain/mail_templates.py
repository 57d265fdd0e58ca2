"""The e-mail that brings a key: a text that people edit, with placeholders in braces (KEY-11). Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from shared.errors import Invalid

Language = Literal["en", "de"]
LANGUAGES: tuple[Language, ...] = ("en", "de")
PLACEHOLDERS = (
    "name",
    "key",
    "course",
    "pool",
    "organisation",
    "starts",
    "expires",
    "days",
    "sign_in",
    "join",
    "sender",
    "title",
    "contact",
)
SIGNATURE = ("title", "contact")
"""What whoever writes a text says of the sender; left empty, a line that has nothing else goes."""
STAND_IN = "XXXXX-XXXXX-XXXXX-XXXXX-XXXXXX"
"""What a preview shows in the place of a key."""

_PLACEHOLDER = re.compile(r"\{([^{}\n]*)\}")
_ALONE = {name: re.compile(rf"^\{{{name}\}}(?:\n|\Z)", re.MULTILINE) for name in SIGNATURE}
_NOBODY = re.compile(r" ?\{name\}")


@dataclass(frozen=True)
class Written:
    """An e-mail with its placeholders filled in."""

    subject: str
    text: str


def check(subject: str, text: str, signature: Mapping[str, str], field: str) -> None:
    """Raises Invalid for a placeholder that there is not, or that nothing fills in, and where the key is missing, or in the
    subject: mail servers log it."""
    for part, words in (("subject", subject), ("text", text)):
        for name in _PLACEHOLDER.findall(words):
            if name not in PLACEHOLDERS:
                raise Invalid(
                    f"There is no placeholder {{{name}}}. There are {', '.join(f'{{{one}}}' for one in PLACEHOLDERS)}.",
                    field=f"{field}.{part}",
                    kind="unknown-placeholder",
                )
    if "{key}" not in text:
        raise Invalid("The text has to say the key: put {key} into it.", field=f"{field}.text", kind="key-missing")
    if "{key}" in subject:
        raise Invalid(
            "The key must not be in the subject: mail servers write subjects into their logs.",
            field=f"{field}.subject",
            kind="key-in-subject",
        )
    for name in SIGNATURE:
        if not signature[name] and f"{{{name}}}" in subject + _ALONE[name].sub("", text):
            raise Invalid(
                f"{{{name}}} stands within a line, and nothing would be there: say it, or take {{{name}}} out.",
                field=f"{field}.{name}",
                kind="value-missing",
            )


def fill(subject: str, text: str, values: Mapping[str, str]) -> Written:
    """In one pass: what a value says is never taken for a placeholder. Without a name the blank before it goes, too, and without a
    title or contact the line that has nothing else."""
    if not values["name"]:
        subject, text = _NOBODY.sub("", subject), _NOBODY.sub("", text)
    for name in SIGNATURE:
        text = text if values[name] else _ALONE[name].sub("", text)
    return Written(
        _PLACEHOLDER.sub(lambda found: values[found[1]], subject),
        _PLACEHOLDER.sub(lambda found: values[found[1]], text),
    )
