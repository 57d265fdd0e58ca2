"""What happened to an offering, a person, an enrollment, an assignment, a pool and a key, on pages (AUD-1, U-12)."""

from collections.abc import Mapping
from typing import Any

import pytest
from portal.conftest import Browser
from portal.offerings_told import AT, ID, ONE, offering, said
from portal.standin import StandIn

from services.approvals.projections import history_table as approvals
from services.catalog.projections import history as catalog
from services.directory.projections import history as directory
from services.enrollment.projections import history as enrollment
from services.keys.projections import history as keys
from services.portal.rendering import templates
from shared.history import Table

pytestmark = pytest.mark.feature("AUD-1")

ANN, NGOZI = "33333333-3333-4333-8333-333333333333", "55555555-5555-4555-8555-555555555555"
ENROLLED, BATCH = "44444444-4444-4444-8444-444444444444", "66666666-6666-4666-8666-666666666666"
LOOKUP = "/api/directory/people/lookup"
TABLES: tuple[Table[Any], ...] = (approvals.TABLE, catalog.TABLE, directory.TABLE, enrollment.TABLE, keys.TABLE)


def entry(standin: StandIn, path: str, hour: int, kind: str, *facts: dict[str, Any], **more: Any) -> dict[str, Any]:
    told = {"at": f"2026-11-24T{hour:02}:00:00Z", "kind": kind, "facts": list(facts), "batch": BATCH, "cause": None}
    told |= {"actor_id": NGOZI, "how": "command", "interface": "page", "cursor": f"{kind}{hour}"}
    told |= {"event": "enrollment.DueRuleSet.v1", "stream": ENROLLED, "version": 2}
    return standin.item("GET", path, **{**told, **more})


def fact(name: str, kind: str, value: Any, before: Any = None) -> dict[str, Any]:
    return {"name": name, "kind": kind, "value": value, "before": before}


def tells(
    standin: StandIn, path: str, *entries: dict[str, Any], next: str | None = None, names: Mapping[str, str] = {}
) -> None:
    standin.says("GET", path, {"items": list(entries), "next": next, "names": dict(names)})


def knows(standin: StandIn) -> None:
    people = [
        standin.sample("directory", "PersonItem", id=id, first_name=first, last_name=last)
        for id, first, last in ((ANN, "Ann", "<b>Ek</b>"), (NGOZI, "Ngozi", "Nwosu"))
    ]
    standin.says("POST", LOOKUP, {"items": people, "named": [], "erased": []})


@pytest.fixture(autouse=True)
def answers(browser: Browser, standin: StandIn) -> None:
    offering(standin)
    knows(standin)
    browser.sign_in("auditor")


CATALOG, ENROLLMENT = f"/api/catalog/history/offering/{ID}", f"/api/enrollment/history/offering/{ID}"


def test_an_offering_tells_of_catalog_and_assignments_by_time_with_what_was_before(
    browser: Browser, standin: StandIn
) -> None:
    titled = fact("title", "text", "Safe workplace", "Safety <b>first</b>")
    tells(standin, CATALOG, entry(standin, CATALOG, 9, "course-described", titled, interface="command-line"))
    due = {"kind": "fixed", "on": "2027-02-28"}
    moved = fact("due", "due-rule", due, {**due, "on": "2027-01-31"})
    cause = {"service": "catalog", "stream": ID, "version": 4}
    tells(
        standin,
        ENROLLMENT,
        entry(standin, ENROLLMENT, 11, "due-rule-set", moved, fact("reason", "note", "New fire rules")),
        entry(standin, ENROLLMENT, 8, "trigger-stopped", actor_id=None, how="rule", interface=None, cause=cause),
    )
    page = browser.get(f"{AT}/history")
    text = said(page)
    for word in ("Due date of the assignment changed", "Ngozi Nwosu", "31 January 2027", "28 February 2027"):
        assert word in text, word
    for word in ("New fire rules", "a page of Rollbook", "the command line", "Safety <b>first</b>", "Rollbook itself"):
        assert word in text, word
    assert text.index("Due date of the assignment") < text.index("Description changed") < text.index("Trigger stopped")
    assert {f"/admin/batches/{BATCH}", f"/admin/people/{NGOZI}", f"/admin/offerings/{ID}/history"} <= set(page.links)
    assert sorted(standin.questions()) == sorted(
        [f"GET {ONE}", f"GET {CATALOG}", f"GET {ENROLLMENT}", f"POST {LOOKUP}"]
    )


def test_days_and_only_people_go_to_every_service_and_pages_go_on_where_each_was(
    browser: Browser, standin: StandIn
) -> None:
    many = [entry(standin, ENROLLMENT, 12, "due-rule-set", cursor=f"e{n}") for n in range(50)]
    tells(standin, ENROLLMENT, *many, next="e49")
    tells(standin, CATALOG, entry(standin, CATALOG, 9, "version-published", cursor="c0"))
    page = browser.get(f"{AT}/history?since=2026-11-01&as_of=2026-11-24&people=true")
    asked = dict(standin.last("GET", CATALOG).url.params)
    assert asked["since"] == "2026-10-31T23:00:00+00:00"
    assert asked["as_of"] == "2026-11-24T22:59:59.999999+00:00"
    assert asked["people"] == "true"
    assert "Version published" not in said(page)
    (onward,) = [one for one in page.links if "cursor=" in one]
    browser.get(onward)
    assert dict(standin.last("GET", ENROLLMENT).url.params)["cursor"] == "e49"
    again = dict(standin.last("GET", CATALOG).url.params)
    assert "cursor" not in again
    assert again["as_of"] == asked["as_of"]


def test_nothing_yet_and_nothing_then_are_told_apart(browser: Browser, standin: StandIn) -> None:
    for path in (CATALOG, ENROLLMENT):
        tells(standin, path)
    assert "Nothing has happened yet" in said(browser.get(f"{AT}/history"))
    assert "Nothing happened then" in said(browser.get(f"{AT}/history?as_of=2020-01-01"))


def test_a_person_has_the_histories_of_three_services(browser: Browser, standin: StandIn) -> None:
    paths = [f"/api/{one}/history/person/{ANN}" for one in ("directory", "enrollment", "approvals")]
    role = fact("role", "code", "enrollment-manager")
    tells(standin, paths[0], entry(standin, paths[0], 9, "permission-role-granted", role))
    assigned = entry(standin, paths[1], 10, "learner-assigned", fact("offering", "offering", ID))
    tells(standin, paths[1], assigned, names={ID: "Safe workplace"})
    tells(standin, paths[2], entry(standin, paths[2], 8, "access-requested", fact("reason", "note", None)))
    page = browser.get(f"/admin/people/{ANN}/history")
    for word in ("History of Ann <b>Ek</b>", "Permission role granted", "Enrolled by an assignment", "Safe workplace"):
        assert word in said(page), word
    assert f"/admin/people/{ANN}/why/{ENROLLED}" in page.links
    assert sorted(standin.questions()) == sorted([*(f"GET {one}" for one in paths), f"POST {LOOKUP}"])
    standin.down.add("approvals")
    browser.get(f"/admin/people/{ANN}/history", status=502)


@pytest.mark.feature("LRN-8")
def test_an_enrollment_has_its_changes_and_the_e_mails_that_told_of_it(browser: Browser, standin: StandIn) -> None:
    whole, path = f"/api/enrollment/enrollments/{ENROLLED}", f"/api/enrollment/history/enrollment/{ENROLLED}"
    ledger = "/api/notifier/ledger"
    standin.says("GET", whole, standin.answer("GET", whole, id=ENROLLED, offering_id=ID, offering_title="First aid"))
    tells(
        standin, path, entry(standin, path, 9, "exam-taken", fact("score", "number", 84), fact("passed", "flag", True))
    )
    sent = standin.item("GET", ledger, message_id=BATCH, template="assigned", state="sent", attempts=1)
    standin.says("GET", ledger, {"items": [sent], "next": None})
    page = browser.get(f"/admin/people/{ANN}/history/{ENROLLED}")
    for word in ("History of Ann <b>Ek</b> on First aid", "Exam taken", "84", "E-mails about it"):
        assert word in said(page), word
    assert f"/admin/mail/{BATCH}" in page.links
    assert len(standin.questions()) == 4
    assert dict(standin.last("GET", ledger).url.params)["enrollment_id"] == ENROLLED


def test_an_assignment_a_pool_and_a_key_have_pages(browser: Browser, standin: StandIn) -> None:
    path = f"/api/enrollment/history/assignment/{ENROLLED}"
    tells(standin, path, entry(standin, path, 9, "assignment-removed", fact("reason", "note", None)))
    assert "Assignment removed" in said(browser.get(f"{AT}/assignments/{ENROLLED}/history"))
    pool = f"/api/keys/pools/{ANN}"
    standin.says("GET", pool, standin.answer("GET", pool, id=ANN, name="Spring"))
    for subject, id, at in (("pool", ANN, ""), ("key", BATCH, f"/keys/{BATCH}")):
        path = f"/api/keys/history/{subject}/{id}"
        tells(
            standin, path, entry(standin, path, 9, "pool-described", fact("expires", "moment", "2027-01-31T10:00:00Z"))
        )
        assert "31 January 2027" in said(browser.get(f"/admin/keys/{ANN}{at}/history"))


def test_every_kind_and_every_fact_has_words() -> None:
    module = templates("en").get_template("ui/history.html").make_module({"shell": None})
    kinds, labels = module.kinds, module.labels  # type: ignore[attr-defined]
    told = [one for table in TABLES for one in table.values()]
    assert {one.kind for one in told} - set(kinds) == set()
    assert {says.name for one in told for says in one.facts} - set(labels) == set()


def test_in_german(browser: Browser, standin: StandIn) -> None:
    browser.sign_in("auditor", language="de")
    tells(standin, CATALOG, entry(standin, CATALOG, 9, "offering-activated"))
    tells(standin, ENROLLMENT)
    assert "Für neue Lernende geöffnet" in said(browser.get(f"{AT}/history"))
