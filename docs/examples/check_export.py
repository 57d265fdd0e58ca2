"""Checks an export of a history with nothing of Rollbook: python check_export.py EXPORT PUBLIC_KEY

PUBLIC_KEY is what `rollbook audit key` prints, kept since before there was a reason to doubt. Needs Python 3.11 and the package
`cryptography`. Says what is wrong and ends with 1; ends with 0 if nothing is. The formats are described in docs/history.md.
"""

import base64
import datetime
import hashlib
import json
import pathlib
import struct
import sys
import uuid

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

YEAR_2000 = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)


def sha256(data):
    return hashlib.sha256(data).digest()


def signed(note, key):
    """Origin, size and root of a note that the key has signed: C2SP tlog-checkpoint."""
    text, signature = note.split("\n\n")
    origin, size, root = text.split("\n")
    dash, name, value = signature.rstrip("\n").split(" ")
    value = base64.b64decode(value)
    if (dash, name) != ("\u2014", origin) or value[:4] != sha256(origin.encode() + b"\n\x01" + key)[:4]:
        raise InvalidSignature
    Ed25519PublicKey.from_public_bytes(key).verify(value[4:], text.encode() + b"\n")
    return origin, int(size), base64.b64decode(root)


def leaf(event):
    """RFC 6962: the hash of a leaf, over what the store knows of the event."""
    moment = (datetime.datetime.fromisoformat(event["recorded_at"]) - YEAR_2000) // datetime.timedelta(microseconds=1)
    type, meta = event["type"].encode(), event["meta"].encode()
    head = struct.pack(">q16siq", event["position"], uuid.UUID(event["stream"]).bytes, event["version"], moment)
    texts = struct.pack(">i", len(type)) + type + struct.pack(">i", len(meta)) + meta
    return sha256(b"\x00" + head + texts + sha256(event["body"].encode()))


def root_of(event, size):
    """RFC 9162, 2.1.3.2: the root to which the proof of an event leads."""
    index, last, found = event["position"] - 1, size - 1, leaf(event)
    if not 0 <= index <= last:
        return None
    for sibling in map(base64.b64decode, event["proof"]):
        if last == 0:
            return None
        if index % 2 or index == last:
            found = sha256(b"\x01" + sibling + found)
            while index and not index % 2:
                index, last = index // 2, last // 2
        else:
            found = sha256(b"\x01" + found + sibling)
        index, last = index // 2, last // 2
    return found if last == 0 else None


def check(lines, key):
    """Every reason not to believe the export."""
    origin, size, root = signed(json.loads(lines[0])["checkpoint"], key)
    previous = 0
    for line in lines[1:-1]:
        event = json.loads(line)
        if root_of(event, size) != root:
            yield f"position {event['position']}: this event is not in the signed history"
        if event["position"] <= previous:
            yield f"position {event['position']}: out of order"
        elif event["previous"] != previous:
            yield f"position {event['position']}: an event before it was removed"
        previous = event["position"]
    exported = (f"{origin}/export", len(lines) - 2, sha256(b"".join(lines[:-1])))
    if signed(json.loads(lines[-1])["seal"], key) != exported:
        yield f"position {previous}: the file does not end as it was exported, or was changed"


def main(export, public_key):
    lines = pathlib.Path(export).read_bytes().splitlines(keepends=True)
    try:
        found = list(check(lines, bytes.fromhex(public_key)))
    except (InvalidSignature, ValueError, KeyError, IndexError) as error:
        found = [f"the checkpoint, the seal or a line cannot be read or trusted: {error!r}"]
    print("\n".join(found) or f"{len(lines) - 2} events, all of them in the signed history")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
