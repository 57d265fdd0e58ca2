"""Keys as a command names them: user name, e-mail, external id."""

from shared.errors import Invalid
from shared.folding import hidden, key


def checked_key(text: str, field: str) -> str:
    """The key as it is kept, without blanks and invisible characters at its ends. Raises Invalid for one within, and where
    nothing is left: two keys that look alike would be two people."""
    kept = key(text)
    if not kept:
        raise Invalid(f"{field} is blank.", field=field)
    if found := hidden(kept, address=field == "email"):
        raise Invalid(
            f"{field} contains the invisible character {found}. Type it again without that character.", field=field
        )
    return kept
