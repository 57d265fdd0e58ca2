"""The name of a group is given once on an offering, also by commands that come at the same moment (GRP-1, CAT-16)."""

from functools import partial
from uuid import UUID, uuid4

import pytest
from at_once import at_once, statuses
from enrollment.harness import Harness
from httpx import Response

from services.enrollment.application import groups as commands

E = "/api/enrollment"
ROUNDS = 10


@pytest.fixture
def course(harness: Harness) -> UUID:
    found = harness.course("Yoga", 2, code="YOGA")
    harness.settle()
    return found


def create(harness: Harness, offering: UUID, name: str) -> Response:
    return harness.http.post(f"{E}/offerings/{offering}/groups", json={"name": name})


def made(harness: Harness, offering: UUID, name: str) -> str:
    answer = create(harness, offering, name)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["result"]["assignment_id"])


def rename(harness: Harness, group: str, name: str) -> Response:
    return harness.http.put(f"{E}/groups/{group}", json={"name": name})


def removed(harness: Harness, group: str) -> str:
    """The batch that removed it."""
    preview = harness.http.post(f"{E}/previews", json={"action": "remove", "assignment_ids": [group]}).json()
    answer = harness.http.post(f"{E}/previews/{preview['id']}/confirm")
    assert answer.status_code == 202, answer.text
    harness.settle()
    return str(answer.json()["batch"])


def named(harness: Harness, offering: UUID) -> list[str]:
    listed = harness.http.get(f"{E}/assignments", params={"offering_id": str(offering), "type": "group"}).json()[
        "items"
    ]
    return [str(item["name"]) for item in listed]


def problem(answer: Response) -> tuple[int, str, str | None]:
    body = answer.json()
    return answer.status_code, str(body["type"]).rpartition(":")[2], body.get("existing")


def undo(harness: Harness, batch: str) -> list[str]:
    """The kinds of what was not reversible."""
    answer = harness.http.post(f"{E}/batches/{batch}/undo")
    assert answer.status_code == 202, answer.text
    harness.settle()
    return [item["kind"] for item in harness.http.get(f"{E}/batches/{batch}/irreversible").json()["items"]]


@pytest.mark.feature("GRP-1")
def test_a_name_is_given_once_on_an_offering_in_any_case(harness: Harness, course: UUID) -> None:
    first = made(harness, course, "ΟΔΟΣ")
    for name in ("ΟΔΟΣ", "οδος"):
        assert problem(create(harness, course, name)) == (409, "group-exists", first)
    second = made(harness, course, "Evening")
    assert problem(rename(harness, second, "οδοσ")) == (409, "group-exists", first)
    assert rename(harness, second, "EVENING").status_code == 200
    other = harness.course("Other", 1)
    harness.settle()
    assert made(harness, other, "ΟΔΟΣ") != first
    assert sorted(named(harness, course)) == ["EVENING", "ΟΔΟΣ"]


@pytest.mark.feature("GRP-1", "ASG-20")
def test_a_name_is_free_again_once_its_group_is_removed_and_undoing_that_does_not_give_it_twice(
    harness: Harness, course: UUID
) -> None:
    old = made(harness, course, "Morning")
    removal = removed(harness, old)
    other = made(harness, course, "morning")
    assert undo(harness, removal) == ["name-taken"]
    assert harness.http.get(f"{E}/groups/{old}").status_code == 404
    renaming = rename(harness, other, "Noon").json()["batch"]
    third = made(harness, course, "MORNING")
    assert undo(harness, renaming) == ["name-taken"]
    assert [harness.http.get(f"{E}/groups/{id}").json()["name"] for id in (other, third)] == ["Noon", "MORNING"]


@pytest.mark.feature("GRP-1")
def test_groups_of_one_name_from_before_can_be_edited_and_are_told_apart_by_another_name(
    harness: Harness, course: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr(commands, "check_name", lambda *_: None)
        first, second = made(harness, course, "Morning"), made(harness, course, "Morning")
    body = {"name": "MORNING", "allow_enrol": True}
    assert harness.http.put(f"{E}/groups/{second}", json=body).status_code == 200
    assert rename(harness, second, "Evening").status_code == 200
    assert problem(rename(harness, second, "Morning")) == (409, "group-exists", first)


@pytest.mark.feature("GRP-1")
def test_of_many_that_create_a_group_of_one_name_at_once_one_does(harness: Harness, course: UUID) -> None:
    for n in range(ROUNDS):
        answers = at_once(*[partial(create, harness, course, f"Group {n}")] * 6)
        assert sorted(statuses(answers)) == [201] + [409] * 5, [answer.text for answer in answers]
        assert {problem(answer)[1] for answer in answers if answer.status_code == 409} == {"group-exists"}
    assert sorted(named(harness, course)) == sorted(f"Group {n}" for n in range(ROUNDS))


def applying(harness: Harness, name: str) -> partial[Response]:
    file = {"groups": [{"offering": "YOGA", "name": name, "description": "Room 3"}]}
    return partial(harness.http.post, f"{E}/apply", json=file, headers={"Idempotency-Key": str(uuid4())})


@pytest.mark.feature("CAT-16", "GRP-1")
def test_two_files_at_once_make_one_group_and_both_are_told_what_became_of_it(harness: Harness, course: UUID) -> None:
    for n in range(ROUNDS):
        answers = at_once(*(applying(harness, f"Group {n}") for _ in range(4)))
        assert statuses(answers) == [200] * 4, [answer.text for answer in answers]
        outcomes = [answer.json()["result"]["items"][0]["outcome"] for answer in answers]
        assert sorted(outcomes) == ["created"] + ["unchanged"] * 3
    assert sorted(named(harness, course)) == sorted(f"Group {n}" for n in range(ROUNDS))
