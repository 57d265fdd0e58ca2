"""Texts that a spreadsheet would take for formulas, disarmed wherever it splits a file (RPT-4, KEY-5)."""

import re

_BREAKS = r"\t\n\v\f\r\u0085\u2028\u2029"
_SEPARATORS = rf",;|{_BREAKS}"
_UNSEEN = r""" "'\u0001-\u0008\u000e-\u001f\u007f\u00a0\u00ad\u1680\u180e\u2000-\u200f\u202a-\u202f\u205f-\u206f\u3000\ufeff"""
"""What a spreadsheet skips, or takes for quotes, in front of a formula."""
_BEGINS = r"=+@\-\ufe62\ufe63\ufe66\ufe6b\uff0b\uff0d\uff1d\uff20"
"""Also in the widths of Chinese and Japanese, which Excel takes for the same."""
FORMULA = rf"(^|[{_SEPARATORS}])(?=[{_UNSEEN}]*[{_BEGINS}])|^(?=[{_UNSEEN}]*[{_BREAKS}])"
"""A regular expression, for Python as for PostgreSQL: after what it finds comes an apostrophe."""

_FOUND = re.compile(FORMULA)


def disarmed(text: str) -> str:
    """With an apostrophe where it would begin a formula: at its beginning, or behind anything at which it may be split."""
    return _FOUND.sub(lambda found: f"{found[0]}'", text)
