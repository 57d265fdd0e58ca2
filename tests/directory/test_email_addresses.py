"""Where addresses are taken in: over HTTP and from files (DIR-1, DIR-13)."""

import pytest
from directory.builders import user
from directory.harness import Harness

WRONG = {
    "a(b)@x.example": "comment",
    "ada@x.exam\nple": "control character",
    '"ada lind"@x.example': "a space",
    "ada@b@x.example": "more than one @",
    "ada\u200b@x.example": "invisible",
    "a..b@x.example": "dot",
    "ada@x..example": "domain",
    "l" * 65 + "@example.org": "64",
}


@pytest.mark.feature("DIR-1")
@pytest.mark.parametrize("typed", WRONG)
def test_an_address_that_is_not_one_is_refused_with_what_is_wrong(harness: Harness, typed: str) -> None:
    id = harness.person()
    body = {"first_name": "Bo", "last_name": "Berg", "email": typed}
    for answer in (
        harness.post("/people", body),
        harness.http.patch(f"/api/directory/people/{id}", json={"email": typed}),
    ):
        assert (answer.status_code, answer.json()["field"]) == (422, "email")
        assert WRONG[typed] in answer.json()["detail"]
        assert typed.partition("@")[0] not in answer.json()["detail"]
    assert harness.events() == ["PersonRegistered"]


@pytest.mark.feature("DIR-1")
def test_a_domain_of_any_script_is_taken_as_it_was_typed(harness: Harness) -> None:
    id = harness.person(email="ana@straße.example")
    assert harness.get(f"/people/{id}").json()["email"] == "ana@straße.example"


@pytest.mark.feature("DIR-1")
def test_whoever_has_an_address_from_before_that_is_none_can_be_edited_otherwise(harness: Harness) -> None:
    id = harness.person()
    with harness.database.connection() as conn:
        conn.execute("UPDATE profile SET email = 'a(b)@x.example'")
    answer = harness.http.patch(f"/api/directory/people/{id}", json={"last_name": "Berg"})
    assert answer.status_code == 200, answer.text


@pytest.mark.feature("DIR-13")
def test_rows_with_an_address_that_is_not_one_are_refused(harness: Harness) -> None:
    harness.framework()
    typed = [wrong for wrong in WRONG if "\n" not in wrong and "\u200b" not in wrong]
    users = [user(f"u{n}", email=wrong) for n, wrong in enumerate(typed)]
    assert harness.run({"user": [*users, user("good", email="ana@straße.example")]}) == {
        "created": 1,
        "skipped": len(typed),
    }
    assert [harness.report["user", 2 + n] for n in range(len(typed))] == [("skipped", ["email"])] * len(typed)
    assert harness.people()["good"]["email"] == "ana@straße.example"
