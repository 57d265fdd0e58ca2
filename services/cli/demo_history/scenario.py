"""The chapters in their order, and how far they are: a chapter that is done is not begun again."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from services.cli.demo_history import learners, records, rules, turns
from services.cli.demo_history.stage import Stage
from services.suite import demo_progress
from services.suite.demo_progress import DemoProgress

CHAPTERS: tuple[tuple[str, Callable[[Stage], None]], ...] = (
    ("Contacts", records.contacts),
    ("Job roles, groups and triggers", rules.vocabulary),
    ("Wrong addresses", turns.addresses),
    ("Overdue since the former system", rules.carried_over),
    ("Assignments by rule", rules.assigned),
    ("The learner", learners.learner),
    ("Requests of a team", learners.team),
    ("Exceptions", rules.held_back),
    ("Training keys", turns.keys),
    ("Payments", learners.payments),
    ("An undone batch", turns.undone),
    ("A change that is held", turns.held_import),
    ("Saved reports", records.saved_reports),
    ("Completions of former years", records.former_years),
    ("A revoked certificate", records.revoked),
)
"""What people look at first comes first; the long one is near the end."""


def run(stage: Stage, folder: Path, tell: Callable[[DemoProgress, str], None]) -> None:
    """Go on where it was cut off; `tell` is told how far it is, and what is being done. Raises Stopped, httpx.HTTPError."""
    progress = demo_progress.read(folder) or DemoProgress(stage.began, len(CHAPTERS))
    stage.began = progress.began
    for name, chapter in CHAPTERS:
        if name in progress.done:
            continue
        progress = replace(progress, chapter=name, total=len(CHAPTERS))
        demo_progress.keep(folder, progress)
        tell(progress, name)
        stage.progress = partial(_within, tell, progress)
        chapter(stage)
        progress = replace(progress, done=(*progress.done, name))
        demo_progress.keep(folder, progress)
    tell(progress, "Demo history")


def _within(tell: Callable[[DemoProgress, str], None], progress: DemoProgress, done: int, total: int) -> None:
    tell(progress, f"{progress.chapter} ({done:,} of {total:,})")
