"""Which e-mails a command would cause: to whom, how many, on which days, and what is off (NTF-3)."""

from typing import Any
from uuid import UUID

import pytest
from notifier.harness import Harness, OpenHarness

from shared.contracts import catalog

pytestmark = pytest.mark.feature("NTF-3")


def forecast(harness: Harness, **asked: Any) -> dict[tuple[str, str], dict[str, Any]]:
    harness.settle()
    answer = harness.http.get("/api/notifier/forecast", params=asked)
    assert answer.status_code == 200, answer.text
    return {(one["occasion"], one["to"]): one for one in answer.json()}


def configure(harness: Harness, offering: UUID, **fields: Any) -> None:
    told = {"off": (), "copied": (), "due_reminders": None, "certificate_reminders": None, "access_reminders": None}
    harness.tell("catalog", (catalog.MailConfigured, offering, {**told, **fields}))


def switch(harness: Harness, organisation: UUID | None, **body: list[str]) -> None:
    harness.settle()
    params = {"organisation_id": str(organisation)} if organisation else {}
    answer = harness.http.put("/api/notifier/switches", json={"off": [], "copied": [], **body}, params=params)
    assert answer.status_code == 200, answer.text


def test_mail_to_learners_notices_to_administrators_and_reminders_are_named_with_numbers_and_days(
    harness: Harness,
) -> None:
    harness.appoint("site@example.org", None)
    harness.appoint("north@example.org", harness.unit())
    told = forecast(harness, offering_id=harness.course(), assigned=318, held=9, due_on="2027-03-10")
    assert {key: one["emails"] for key, one in told.items()} == {
        ("assigned", "learners"): 318,
        ("exceptions", "administrators"): 2,
        ("due-soon", "learners"): 318,
        ("overdue", "learners"): 318,
        ("access-expiring", "learners"): 318,
    }
    assert (told["due-soon", "learners"]["days"], told["due-soon", "learners"]["on"]) == ([-7], ["2027-03-03"])
    assert (told["overdue", "learners"]["days"], told["overdue", "learners"]["on"]) == ([1], ["2027-03-11"])
    assert (told["access-expiring", "learners"]["days"], told["access-expiring", "learners"]["on"]) == ([-7], [])


def test_a_withdrawal_and_a_later_due_date_cause_only_what_is_about_them(harness: Harness) -> None:
    offering = harness.course()
    assert list(forecast(harness, offering_id=offering, withdrawn=3)) == [("withdrawn", "learners")]
    assert list(forecast(harness, offering_id=offering, moved=3)) == [("due-soon", "learners"), ("overdue", "learners")]
    assert forecast(harness, offering_id=offering) == {}


@pytest.mark.feature("CAT-17")
def test_an_offerings_own_switches_copies_and_days_hold(harness: Harness) -> None:
    offering = harness.course()
    harness.switch(offering, "assigned", "completed")
    configure(harness, offering, off=("overdue",), copied=("assigned", "withdrawn"), due_reminders=(-30, -1, 5))
    told = forecast(harness, offering_id=offering, assigned=10, withdrawn=4)
    assert told["assigned", "managers"]["emails"] == 10
    assert (told["withdrawn", "learners"]["emails"], told["withdrawn", "learners"]["off"]) == (0, "offering")
    assert ("withdrawn", "managers") not in told
    assert told["due-soon", "learners"]["days"] == [-30, -1]
    assert (told["overdue", "learners"]["emails"], told["overdue", "learners"]["off"]) == (0, "offering")


@pytest.mark.feature("NTF-2")
def test_what_is_off_for_the_whole_system_is_off_and_an_organisations_makes_fewer(harness: Harness) -> None:
    offering, ward = harness.course(), harness.unit()
    switch(harness, None, off=["withdrawn"], copied=[])
    switch(harness, ward, off=["assigned"], copied=["due-soon", "assigned"])
    told = forecast(harness, offering_id=offering, assigned=10, withdrawn=4)
    assert told["withdrawn", "learners"]["off"] == "system"
    learners, managers = told["assigned", "learners"], told["assigned", "managers"]
    assert (learners["emails"], learners["fewer"], managers["emails"], managers["fewer"]) == (10, True, 10, True)
    assert not told["due-soon", "learners"]["fewer"]
    assert told["due-soon", "managers"]["days"] == [-7]


def test_of_several_offerings_the_systems_switches_and_days_are_told(open_harness: OpenHarness) -> None:
    harness = open_harness(reminder_days=(-3,), exception_notices=False)
    harness.appoint("site@example.org", None)
    told = forecast(harness, assigned=10, held=2)
    assert told["due-soon", "learners"]["days"] == [-3]
    assert ("exceptions", "administrators") not in told
    assert ("overdue", "learners") not in told


@pytest.mark.feature("SEC-4")
def test_whoever_may_assign_sees_it_and_nobody_else(harness: Harness) -> None:
    ok = harness.client(("sales-manager", None)).get("/api/notifier/forecast", params={"assigned": 1})
    refused = harness.client(("auditor", None)).get("/api/notifier/forecast", params={"assigned": 1})
    assert ok.status_code == 200
    assert (refused.status_code, refused.json()["permission"]) == (403, "assign-qualifications")
