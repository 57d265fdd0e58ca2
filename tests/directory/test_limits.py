"""What may come in: names that can be seen, texts of one line, days that calendars take (section 'limits at the edge')."""

import pytest
from directory.builders import user
from directory.harness import Harness

PASSWORD = "correct horse battery"


@pytest.mark.feature("DIR-1")
def test_names_of_blanks_and_texts_with_control_characters_are_refused_and_blanks_around_them_taken_off(
    harness: Harness,
) -> None:
    id = harness.person("Ada Lind")
    refused = [
        {"first_name": "   "},
        {"first_name": "\u200b"},
        {"last_name": "a\0b"},
        {"email": "ada@example.org\nBcc: x@example.org"},
    ]
    for edit in refused:
        answer = harness.http.patch(f"/api/directory/people/{id}", json=edit)
        assert (answer.status_code, answer.json()["field"]) == (422, next(iter(edit))), edit
    edited = harness.http.patch(
        f"/api/directory/people/{id}", json={"email": "ada@example.net\n", "first_name": " Ida "}
    )
    assert edited.status_code == 200
    found = harness.get(f"/people/{id}").json()
    assert (found["email"], found["first_name"]) == ("ada@example.net", "Ida")


@pytest.mark.feature("DIR-5")
def test_a_job_of_the_api_ends_within_the_calendar(harness: Harness) -> None:
    id = harness.person("Ada Lind")
    for day in ("9999-12-31", "0001-01-01", "3000-01-01", "1899-12-31"):
        answer = harness.post(f"/people/{id}/jobs", {"external_id": "1", "ends": day})
        assert (answer.status_code, answer.json()["field"]) == (422, "ends"), day
    assert harness.post(f"/people/{id}/jobs", {"external_id": "1", "ends": "2999-12-31"}).status_code == 201


@pytest.mark.feature("DIR-8")
def test_a_far_end_of_a_job_in_an_hr_file_is_no_end_and_no_other_far_day_is_taken(harness: Harness) -> None:
    harness.framework()
    common = {"timemodified": 0, "deleted": 0}
    jobs = [
        {"idnumber": "1", "useridnumber": f"p{n}", "startdate": starts, "enddate": ends, **common}
        for n, (starts, ends) in enumerate(
            [("", "31/12/9999"), ("", "253402300799"), ("31/12/9999", ""), ("", "01/01/0001")]
        )
    ]
    outcomes = harness.run({"user": [user(f"p{n}") for n in range(4)], "jobassignment": jobs})
    assert outcomes == {"created": 6, "skipped": 2}
    report = harness.report
    assert [report["jobassignment", row] for row in (4, 5)] == [("skipped", ["date"])] * 2
    ends = [harness.get(f"/people/{harness.people()[f'p{n}']['id']}").json()["jobs"][0]["ends"] for n in range(2)]
    assert ends == [None, None]


@pytest.mark.feature("SEC-3")
def test_blanks_around_the_user_name_do_not_keep_anybody_out(harness: Harness) -> None:
    id = harness.person("Ada Lind")
    assert harness.http.put(f"/api/directory/people/{id}/password", json={"password": PASSWORD}).status_code == 204
    for name in ("ada.lind@example.org ", "\tada.lind@example.org\n"):
        answer = harness.http.post("/api/directory/token", data={"username": name, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
