"""What a learner's pages cost, counted and not timed: statements, and rows that are read without an index (LRN-2)."""

from collections.abc import Callable
from contextlib import closing

import pytest
from test_costs import Databases, counted

from benchmarks.learner import LEARNER, Learning, fill
from services.enrollment.application.enrollments.browsing import OfferingBrowser
from services.enrollment.application.enrollments.cards import LearnerCards
from services.enrollment.projections.visibility import OfferingQuery
from shared.database import Database


@pytest.fixture
def store(database: Databases) -> Callable[[int, int], Database]:
    """An enrollment database with a learner on so many courses, and so many enrollments of others on these."""

    def of(own: int, others: int) -> Database:
        one = database("services.enrollment")
        with one.connection() as conn:
            fill(conn, Learning(own, others))
        return one

    return of


def pages(info: str) -> None:
    with closing(Database(info, max_size=1)) as own:
        learner_cards, browser = LearnerCards(own), OfferingBrowser(own, 20)
        first = learner_cards.page(LEARNER, "relevant", (), None, 50)
        second = learner_cards.page(LEARNER, "current", (), first.next, 50)
        browsed = browser.page(LEARNER, OfferingQuery(state="mine"), None, 50, count=True)
        assert len(first.items) == len(second.items) == len(browsed.items) == 50
        assert first.total == second.total == browsed.total
        browser.one(LEARNER, first.items[0].id)


@pytest.mark.feature("LRN-2", "LRN-3")
def test_a_learners_pages_cost_the_same_number_of_statements_and_no_scan_of_what_is_others(
    store: Callable[[int, int], Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    costs = {}
    for own, others in ((100, 2_000), (500, 2_000), (100, 40_000)):
        one = store(own, others)
        with counted(one.conninfo, monkeypatch) as cost:
            pages(one.conninfo)
        costs[own, others] = cost
    few, many, among_many = costs.values()
    assert few.statements == many.statements == among_many.statements <= 64, costs
    assert among_many.scanned <= few.scanned + 2_000, costs
    assert among_many.written == 0
