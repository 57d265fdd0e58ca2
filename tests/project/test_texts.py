"""The lists of texts that a reader proofreads are those of the templates, and every text of a page is translated."""

import re
from pathlib import Path

import pytest
from project import messages
from project.texts import COMMAND, texts


def test_the_lists_of_texts_are_up_to_date() -> None:
    old = [path.name for path, text in texts().items() if not path.is_file() or path.read_text("utf-8") != text]
    assert old == [], f"docs/{', docs/'.join(old)}: run {COMMAND}"


def test_every_text_of_the_pages_is_in_the_catalogue_and_translated() -> None:
    assert messages.catalogue("de").read_text("utf-8") == messages.updated("de"), f"run {messages.COMMAND}"
    assert messages.untranslated("de") == []


def _templates() -> list[Path]:
    return sorted((messages.PORTAL / "templates").rglob("*.html"))


@pytest.mark.parametrize("path", _templates(), ids=lambda path: path.stem)
def test_no_text_of_a_page_stands_outside_of_the_catalogue(path: Path) -> None:
    """Words between tags have to be in a trans block; names that no language changes are few."""
    source = re.sub(r"\{#.*?#\}", " ", path.read_text("utf-8"), flags=re.DOTALL)
    source = re.sub(r"\{%-?\s*trans.*?endtrans\s*-?%\}", " ", source, flags=re.DOTALL)
    source = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", " ", source, flags=re.DOTALL)
    source = re.sub(r"<!doctype[^>]*>|<[^<>]*>", " ", source, flags=re.DOTALL)
    words = set(re.findall(r"[^\W\d_]{2,}", source)) - {"Rollbook", "OpenAPI"}
    assert not words
