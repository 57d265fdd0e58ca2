"""Files of the import: rows of its four elements, and rows as CSV."""

import csv
import io
from collections.abc import Mapping, Sequence

Cells = Mapping[str, object]


def text(rows: Sequence[Cells]) -> bytes:
    """Rows as a CSV file; the headings of all of them, in order."""
    headings = list(dict.fromkeys(h for row in rows for h in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, headings, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def org(id: str, parent: str = "", **more: object) -> Cells:
    return {
        "idnumber": id,
        "fullname": f"Unit {id}",
        "frameworkidnumber": "legal",
        "parentidnumber": parent,
        "timemodified": 0,
        "deleted": 0,
        **more,
    }


def user(id: str, **more: object) -> Cells:
    return {
        "idnumber": id,
        "username": f"user{id}",
        "firstname": f"First{id}",
        "lastname": f"Last{id}",
        "email": f"{id}@example.org",
        "timemodified": 0,
        "deleted": 0,
        **more,
    }


def job(person: str, id: str = "1", **more: object) -> Cells:
    return {"idnumber": id, "useridnumber": person, "timemodified": 0, "deleted": 0, **more}
