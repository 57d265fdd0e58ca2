"""A code is given once, also by commands and files that come at the same moment (CAT-1, CAT-10, CAT-16)."""

from functools import partial
from uuid import uuid4

import pytest
from at_once import at_once, statuses
from fastapi.testclient import TestClient

ROUNDS = 5


@pytest.mark.feature("CAT-1", "CAT-10")
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/catalog/offerings", {"kind": "course", "title": "Fire safety"}),
        ("/api/catalog/job-roles", {"name": "Fire warden"}),
    ],
)
def test_of_many_that_create_one_code_at_once_one_does(http: TestClient, path: str, body: dict[str, str]) -> None:
    for n in range(ROUNDS):
        answers = at_once(*(partial(http.post, path, json={**body, "code": code}) for code in [f"F{n}", f"f{n}"] * 3))
        assert sorted(statuses(answers)) == [201] + [409] * 5, [answer.text for answer in answers]
    assert len(http.get(path).json()["items"]) == ROUNDS


@pytest.mark.feature("CAT-16")
def test_of_many_files_at_once_one_creates_and_the_others_find_it(http: TestClient) -> None:
    for n in range(ROUNDS):
        file = {
            "offerings": [{"kind": "course", "code": f"F{n}", "title": "Fire safety"}],
            "job_roles": [{"code": f"F{n}", "name": "Fire warden"}],
        }
        calls = [
            partial(http.post, "/api/catalog/apply", json=file, headers={"Idempotency-Key": str(uuid4())})
            for _ in range(4)
        ]
        answers = at_once(*calls)
        assert statuses(answers) == [200] * 4, [answer.text for answer in answers]
        outcomes = sorted(tuple(item["outcome"] for item in answer.json()["result"]["items"]) for answer in answers)
        assert outcomes == [("created", "created"), *[("unchanged", "unchanged")] * 3]
