"""A key is given once, also by commands that come at the same moment (DIR-1, DIR-3, DIR-6)."""

from functools import partial

import pytest
from at_once import at_once, statuses
from directory.harness import Harness

ROUNDS = 5


@pytest.mark.feature("DIR-3", "DIR-6")
def test_of_many_that_create_one_framework_unit_or_audience_at_once_one_does(harness: Harness) -> None:
    framework = harness.framework()
    for n in range(ROUNDS):
        for path, body in (
            ("/frameworks", {"kind": "organisation", "name": "Legal", "external_id": f"f{n}"}),
            ("/units", {"framework_id": framework, "name": "North", "external_id": f"n{n}"}),
            ("/audiences", {"name": f"Οδος {n}"}),
        ):
            answers = at_once(*[partial(harness.post, path, body)] * 6)
            assert sorted(statuses(answers)) == [201] + [409] * 5, [answer.text for answer in answers]
    assert len(harness.get("/frameworks").json()) == 1 + ROUNDS
    assert len(harness.get("/units").json()["items"]) == ROUNDS
    assert len(harness.get("/audiences").json()["items"]) == ROUNDS


@pytest.mark.feature("DIR-1")
def test_of_many_that_create_one_person_at_once_one_does(harness: Harness) -> None:
    for n in range(ROUNDS):
        bodies = [
            {"first_name": "Ada", "last_name": "Lind", "email": email}
            for email in (f"οδος{n}@example.org", f"ΟΔΟΣ{n}@example.org")
        ]
        answers = at_once(*(partial(harness.post, "/people", body) for body in bodies * 3))
        assert sorted(statuses(answers)) == [201] + [409] * 5, [answer.text for answer in answers]
