"""A file that says what ought to be: its parts go to the services that they belong to (CAT-16)."""

import json
from typing import Any
from uuid import uuid4

from services.cli.client import Client
from shared.limits.yaml_text import NoYaml, read_yaml

_RULES = ("groups", "triggers")
"""What of a file belongs to enrollment; all else is the catalog's."""


def apply(client: Client, content: bytes, *, dry_run: bool) -> list[dict[str, Any]]:
    """What became of everything in the file, or would. Both parts are checked before the first one changes anything."""
    catalog, rules = _parts(content)
    if not rules:
        return _catalog(client, content, dry_run=dry_run)[0]
    shown = _catalog(client, catalog, dry_run=True)[0] if catalog else []
    checked = _rules(client, {**rules, "coming": [item["code"] for item in shown]}, dry_run=True)
    if dry_run:
        return [*shown, *checked]
    done, position = _catalog(client, catalog, dry_run=False) if catalog else ([], None)
    return [*done, *_rules(client, rules, dry_run=False, at_least=position)]


def printed(item: dict[str, Any]) -> list[str]:
    """What became of one thing, and below it each field that differs with its old and its new value."""
    lines = [f"{item['outcome']:<10} {item['code']}"]
    for change in item["changes"]:
        lines.append(f"    {change['field']}: {_value(change['old'])} -> {_value(change['new'])}")
    return lines + [f"    warning: {text}" for text in item.get("warnings", [])]


def _value(value: Any) -> str:
    return "(none)" if value is None else json.dumps(value, ensure_ascii=False)


def _parts(content: bytes) -> tuple[bytes, dict[str, Any]]:
    """The catalog's, empty for none; and enrollment's. What cannot be read is all the catalog's, which says why."""
    try:
        whole = read_yaml(content)
    except NoYaml:
        return content, {}
    if not isinstance(whole, dict):
        return content, {}
    rules = {name: _words(whole.pop(name)) for name in _RULES if name in whole}
    return (json.dumps(whole, default=str).encode() if whole else b""), rules


def _words(value: Any) -> Any:
    """YAML takes the key `on` of a due date for a truth value."""
    if isinstance(value, dict):
        return {{True: "on", False: "off"}.get(key, key): _words(one) for key, one in value.items()}
    return [_words(one) for one in value] if isinstance(value, list) else value


def _catalog(client: Client, content: bytes, *, dry_run: bool) -> tuple[list[dict[str, Any]], str]:
    """What became of everything, and the position after it."""
    answer = client.send(
        "POST",
        "/api/catalog/apply",
        params={"dry_run": dry_run},
        content=content,
        headers={"Idempotency-Key": str(uuid4())},
    )
    return answer["result"]["items"], answer["position"]


def _rules(
    client: Client, rules: dict[str, Any], *, dry_run: bool, at_least: str | None = None
) -> list[dict[str, Any]]:
    params = {"dry_run": dry_run, **({"at_least": at_least} if at_least else {})}
    headers = {"Idempotency-Key": str(uuid4()), "Content-Type": "application/json"}
    content = json.dumps(rules, default=str).encode()
    answer = client.send("POST", "/api/enrollment/apply", params=params, content=content, headers=headers)
    found: list[dict[str, Any]] = answer["result"]["items"]
    return found
