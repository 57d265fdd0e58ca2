"""Learners and approvers are told each refusal in their own language: no kind of problem is without a text (SEC-4)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.portal.rendering import templates
from shared import errors
from shared.errors import Refusal

ROOT = Path(__file__).parents[2]
SOURCES = [
    ROOT / "shared",
    *(ROOT / "services" / name for name in ("approvals", "directory", "enrollment", "keys", "catalog")),
]
REFUSALS = {name for name, one in vars(errors).items() if isinstance(one, type) and issubclass(one, Refusal)}
_TOLD_TO_OTHERS = """
    already-active already-assigned already-held already-inactive amount-mismatch assignment-removed
    audience-has-assignments audience-has-no-rule audience-has-rule bad-file cancellation-too-late code-taken
    counting crashed-again duplicate empty-audience end-assignment-missing expired-signature from-job-role group-exists
    invalid-signature invalid_client invalid_grant invalid_scope job-has-reports key-in-subject key-missing
    keys-not-set-up kind-mismatch lab-launched last-site-administrator manager-cycle no-address no-exception
    nobody-to-assign not-a-course not-a-holder not-completed not-revoked not-signed not-submitted not-undoable nothing-to-send
    own-manager preview-outdated preview-refused preview-required reason-required registration-not-set-up replay-running
    rotation-under-way selection-ended selections-not-set-up spreadsheet-empty spreadsheet-missing spreadsheet-unreadable too-early
    too-few-keys too-many trigger-exists trigger-loop trigger-starting trigger-stopped unit-cycle
    unit-has-assignments unit-in-use unknown-placeholder value-missing version-not-editable
    """
NOT_FOR_LEARNERS = frozenset(_TOLD_TO_OTHERS.split())
"""What only administrators, machines and operators are told. Their pages tell it in the service's words where they have none."""


def raised(tree: ast.Module) -> Iterator[str]:
    """The kinds that a module gives its refusals: in the call, by a constant of the module, or in a class of its own."""
    constants = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and {base.id for base in node.bases if isinstance(base, ast.Name)} & REFUSALS:
            yield from (
                str(one.value.value)
                for one in node.body
                if isinstance(one, ast.Assign) and isinstance(one.value, ast.Constant)
                if isinstance(one.targets[0], ast.Name) and one.targets[0].id == "kind"
            )
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in REFUSALS:
            for keyword in node.keywords:
                if keyword.arg == "kind" and isinstance(keyword.value, ast.Constant):
                    yield str(keyword.value.value)
                elif keyword.arg == "kind" and isinstance(keyword.value, ast.Name) and keyword.value.id in constants:
                    yield constants[keyword.value.id]


def kinds() -> set[str]:
    modules = [ast.parse(path.read_text()) for source in SOURCES for path in source.rglob("*.py")]
    return {kind for module in modules for kind in raised(module)}


def told(kind: str, language: str) -> str:
    page = templates(language).from_string(
        '{% import "ui/refused.html" as refused with context %}{{ refused.words(kind) }}'
    )
    return page.render(kind=kind, shell=None).strip()


@pytest.mark.feature("SEC-4")
@pytest.mark.parametrize("kind", sorted(kinds() - NOT_FOR_LEARNERS))
def test_each_kind_of_refusal_that_people_meet_has_a_text_in_each_language(kind: str) -> None:
    english, german = told(kind, "en"), told(kind, "de")
    assert english
    assert german
    assert english != german


def test_the_list_of_what_learners_never_meet_has_nothing_that_there_is_not() -> None:
    assert kinds() >= NOT_FOR_LEARNERS
    assert len(kinds() - NOT_FOR_LEARNERS) > 50
