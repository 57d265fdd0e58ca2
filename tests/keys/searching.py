"""What a database keeps, whole, and the forms in which a key could be in it."""

import re

from shared.database import Database

_BYTES = re.compile(r"\\x((?:[0-9a-f]{2})+)")


def everything(database: Database) -> bytes:
    """All rows of all tables of a service, as text and as bytes."""
    found = b""
    with database.connection() as conn:
        names = conn.execute("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'").fetchall()
        assert len(names) > 5
        for (table,) in names:
            for (row,) in conn.execute(f"SELECT t::text FROM {table} t".encode()):
                found += str(row).encode() + b"\n"
                found += b"\n".join(bytes.fromhex(hex) for hex in _BYTES.findall(str(row)))
    return found


def traces(text: str) -> list[bytes]:
    """A key in every form in which it may be written."""
    plain = re.sub("[^0-9A-Za-z]", "", text)
    forms = {text, plain, plain.lower(), plain.upper(), text.lower(), text.upper()}
    return [shape for form in forms for shape in (form.encode(), form.encode().hex().encode())]
