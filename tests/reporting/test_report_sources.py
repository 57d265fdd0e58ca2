"""What each report shows, and the one grammar in which every one of them is asked (RPT-1, RPT-2, G-35)."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from reporting.company import SOURCES, company, completes
from reporting.harness import MEMBERSHIP, Harness

from shared.contracts import approvals, enrollment, keys


@pytest.mark.feature("RPT-1", "RPT-3")
def test_every_report_says_which_columns_filters_and_orders_it_has(harness: Harness) -> None:
    company(harness)
    described = {one["name"]: one for one in harness.http.get("/api/reporting/sources").json()}
    assert tuple(described) == SOURCES
    for name, one in described.items():
        rows = harness.report(name)
        assert rows, name
        assert [column["name"] for column in one["columns"]] == list(rows[0])
        assert one["sort"] in one["sorts"]
        assert one["as_of"] is True
        assert one["formats"] == ["csv", "xlsx", "parquet"]
        for column in one["columns"]:
            if column["choices"]:
                assert {row[column["name"]] for row in rows} <= {*column["choices"], None}
    assert {"name": "type", "several": True}.items() <= next(
        f for f in described["completion"]["filters"] if f["name"] == "type"
    ).items()
    learner = harness.http.get("/api/reporting/sources", headers=harness.signed_in(("learner", None))).json()
    assert [one["name"] for one in learner if one["may"]] == ["record-of-learning"]


def values(one: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    """For each filter a value with which the row stays in the report."""
    known = {"name": None, "type": None, "joined_by": None, "overdue": False, "kind": None}
    found = {}
    for filter in (f["name"] for f in one["filters"]):
        value = known.get(filter, row.get(filter))
        if filter == "organisation_id":
            value = row.get("home_organisation_id") or row.get("organisation_id")
        if filter.endswith(("_from", "_until")) or value is None:
            continue
        found[filter] = value
    return found


@pytest.mark.feature("RPT-1", "RPT-3")
@pytest.mark.parametrize("name", SOURCES)
def test_every_filter_keeps_what_fits_and_drops_the_rest_in_list_and_count_alike(harness: Harness, name: str) -> None:
    company(harness)
    described = {one["name"]: one for one in harness.http.get("/api/reporting/sources").json()}[name]
    (row, *_) = rows = harness.report(name)
    asked = values(described, row)
    assert asked
    for filter, value in asked.items():
        kept = harness.report(name, **{filter: value})
        assert row in kept, filter
        total = harness.http.get(f"/api/reporting/{name}/count", params={filter: value}).json()["total"]
        assert total == len(kept) <= len(rows)
        if filter.endswith("_id"):
            assert harness.report(name, **{filter: uuid4()}) == [], filter


@pytest.mark.feature("RPT-1", "RPT-3")
@pytest.mark.parametrize("name", SOURCES)
def test_pages_by_cursor_give_every_row_of_a_report_once_in_each_of_its_orders(harness: Harness, name: str) -> None:
    company(harness)
    described = {one["name"]: one for one in harness.http.get("/api/reporting/sources").json()}[name]
    for sort in described["sorts"]:
        whole = harness.report(name, sort=sort)
        paged, cursor = [], None
        while True:
            asked = {"sort": sort, "limit": 1, **({"cursor": cursor} if cursor else {})}
            page = harness.http.get(f"/api/reporting/{name}", params=asked).json()
            paged += page["items"]
            if (cursor := page["next"]) is None:
                break
        assert paged == whole, sort
        assert len(whole) == harness.http.get(f"/api/reporting/{name}/count").json()["total"] > 0
    backwards = [harness.report(name, sort=sort) for sort in described["sorts"][:2]]
    assert backwards[0] == backwards[1][::-1]


@pytest.mark.feature("SEC-2")
@pytest.mark.parametrize("name", [name for name in SOURCES if name != "overview"])
def test_a_report_shows_the_own_organisations_only_in_list_count_and_export(harness: Harness, name: str) -> None:
    there = company(harness)
    role = "operations-manager" if name == "keys" else "auditor"
    north = harness.signed_in((role, there.north))
    whole, mine = harness.report(name), harness.report(name, north)
    assert 0 < len(mine) < len(whole)
    told = str(mine)
    assert "South" not in told
    assert str(there.bob) not in told
    assert harness.http.get(f"/api/reporting/{name}/count", headers=north).json() == {"total": len(mine)}
    exported = harness.http.get(f"/api/reporting/{name}.csv", headers=north).text
    assert len(exported.splitlines()) == 1 + len(mine)
    assert "South" not in exported
    stranger = harness.http.get(f"/api/reporting/{name}", headers=harness.signed_in(("learner", None)))
    assert stranger.status_code == (200 if name == "record-of-learning" else 403)
    if name == "record-of-learning":
        assert stranger.json()["items"] == [], "nobody's own"


@pytest.mark.feature("RPT-1", "RPT-2", "SEC-2")
def test_the_overview_counts_the_learners_of_each_offering_by_state_and_those_overdue(harness: Harness) -> None:
    there = company(harness)
    late, early = harness.person("Late L", there.north), harness.person("Early E", there.south)
    group = harness.assignment(there.course, "group")
    for person, days in ((late, -2), (early, 2)):
        due = datetime.now(UTC).date() + timedelta(days=days)
        about = {"assignment_id": group, "term": 1, "due_on": due}
        harness.tell(harness.enrollment, harness.about(enrollment.LearnerAssigned, person, there.course, **about))
    harness.settle()

    (row,) = harness.report("overview", offering_id=there.course)
    assert (row["offering_title"], row["learners"], row["assigned"], row["completed"]) == ("Fire safety", 4, 4, 2)
    assert (row["not_started"], row["overdue"]) == (2, 1)
    (groups,) = harness.report("overview", offering_id=there.course, type="group")
    assert (groups["learners"], groups["overdue"]) == (2, 1)
    (north,) = harness.report("overview", harness.signed_in(("auditor", there.north)), offering_id=there.course)
    assert (north["learners"], north["completed"], north["overdue"]) == (2, 1, 1)
    (south,) = harness.report("overview", organisation_id=there.south)
    assert (south["learners"], south["overdue"]) == (2, 0)
    overdue = harness.report("completion", overdue=True)
    assert [one["person_id"] for one in overdue] == [str(late)]


@pytest.mark.feature("RPT-1", "RPT-2")
def test_the_completion_report_has_state_dates_version_score_and_the_assignments(harness: Harness) -> None:
    there = company(harness)
    (row,) = harness.report("completion", person_id=there.ada)
    assert (row["state"], row["version"], row["score"], row["valid_until"]) == ("completed", 3, 87, "2026-04-01")
    assert (row["completed_at"], row["expired"]) == ("2026-03-01T09:00:00Z", True)
    assert row["serial"] == f"S-{there.ada.hex[:8]}"
    assert row["assignment_types"] == "Audience, Training key"
    assert row["assignment_names"] == "Drivers, Pool of North"
    assert row["begun_at"] >= row["assigned_at"]
    assert len(harness.report("completion", type="key")) == 2
    assert harness.report("completion", type="manager") == []
    for first, last, found in (("2026-03-01", "2026-03-01", 2), ("2026-03-02", "2026-12-31", 0)):
        assert len(harness.report("completion", completed_from=first, completed_until=last)) == found
    taken = harness.about(
        enrollment.CompletionTakenBack,
        there.ada,
        there.course,
        term=1,
        steps=(),
        reason={"id": uuid4(), "digest": "0" * 64},
    )
    harness.tell(harness.enrollment, taken)
    harness.settle()
    (row,) = harness.report("completion", person_id=there.ada)
    assert (row["state"], row["completed_at"], row["version"], row["serial"]) == ("in-progress", None, None, None)
    assert row["score"] == 87
    assert len(harness.report("completion", completed_from="2026-03-01")) == 1


@pytest.mark.feature("LRN-5", "RPT-1")
def test_the_record_of_learning_keeps_past_terms_and_is_everybodys_own(harness: Harness) -> None:
    there = company(harness)
    about = {"assignment_id": there.audience, "term": 1}
    left = harness.unassigned(there.ada, there.course, there.audience)
    harness.tell(harness.enrollment, left, harness.about(enrollment.LearnerWithdrawn, there.ada, there.course, term=1))
    again = harness.about(enrollment.LearnerAssigned, there.ada, there.course, **{**about, "term": 2}, afresh=True)
    harness.tell(harness.enrollment, again)
    harness.settle()
    rows = harness.report("record-of-learning", person_id=there.ada)
    assert [(row["term"], row["state"], row["version"]) for row in rows] == [
        (2, "not-started", None),
        (1, "withdrawn", 3),
    ]
    assert [row["assignment_types"] for row in rows] == ["Audience", "Audience, Training key"]
    own = harness.issuer.headers(there.bob)
    assert {row["person_id"] for row in harness.report("record-of-learning", own)} == {str(there.bob)}
    assert harness.report("record-of-learning", own, person_id=there.ada) == []
    outside = harness.issuer.headers(there.bob, ("auditor", there.north))
    assert {row["person_id"] for row in harness.report("record-of-learning", outside)} == {
        str(there.ada),
        str(there.bob),
    }
    exported = harness.http.get("/api/reporting/record-of-learning.csv", headers=own).text
    assert "Ada" not in exported


@pytest.mark.feature("RPT-1", "RPT-2", "RPT-7")
def test_an_exception_is_reported_with_what_waits_and_with_its_answer(harness: Harness) -> None:
    there, other = company(harness), harness.course("Ladders")
    first, second = harness.assignment(other, "group", uuid4()), harness.assignment(other, "individual", there.ada)
    harness.tell(harness.enrollment, harness.held_back(there.ada, other, first, second, kind="already-assigned"))
    harness.settle()
    (row,) = harness.report("exceptions", offering_id=other)
    assert (row["kinds"], row["state"], row["assignment_types"]) == ("already-assigned", "open", "Group, Individual")
    assert len(harness.report("exceptions", kind="already-assigned")) == 1
    raised, then = row["raised_at"], harness.now()
    harness.tell(harness.enrollment, harness.about(enrollment.HoldEnded, there.ada, other, assignment_id=first))
    answered = harness.about(enrollment.ExceptionAnswered, there.ada, other, resolution="assigned")
    harness.tell(harness.enrollment, answered)
    harness.settle()
    (row,) = harness.report("exceptions", offering_id=other, state="assigned")
    assert (row["assignment_types"], row["assignment_names"], row["raised_at"]) == ("Individual", "Ada North", raised)
    (before,) = harness.report("exceptions", offering_id=other, as_of=then)
    assert (before["state"], before["assignment_types"]) == ("open", "Group, Individual")
    harness.tell(harness.enrollment, harness.held_back(there.ada, other, first))
    harness.tell(harness.enrollment, harness.about(enrollment.HoldEnded, there.ada, other, assignment_id=first))
    harness.settle()
    (row,) = harness.report("exceptions", offering_id=other)
    assert row["state"] == "over"
    assert row["raised_at"] > raised


@pytest.mark.feature("RPT-1", "ASG-1", "KEY-5", "SEC-2")
def test_a_key_is_reported_with_its_pool_and_its_assignment_has_the_name_of_the_pool(harness: Harness) -> None:
    there = company(harness)
    (row,) = harness.rows(type="key", person_id=there.ada)
    assert (row["assignment_type_label"], row["assignment_name"]) == ("Training key", "Pool of North")
    found = harness.http.post("/api/reporting/learner-assignments/search", json={"type": ["key"]}).json()["items"]
    assert {one["name"] for one in found} == {"Pool of North", "Pool of South"}
    (key,) = harness.report("keys", person_id=there.ada)
    assert (key["key_id"], key["pool_name"], key["state"]) == (str(there.key), "Pool of North", "redeemed")
    assert (key["organisation"], key["offering_title"], key["last_name"]) == ("North", "Fire safety", "North")
    assert key["added_at"] <= key["redeemed_at"]
    redeemed = harness.now()
    revoked = harness.next(
        keys.KeyRevoked,
        there.key,
        pool_id=UUID(key["pool_id"]),
        reason=None,
        person_id=there.ada,
        assignment_id=UUID(key["assignment_id"]),
        end_assignment=True,
        override=False,
    )
    harness.tell(harness.keys, revoked)
    harness.settle()
    assert [one["key_id"] for one in harness.report("keys", state="revoked")] == [str(there.key)]
    assert len(harness.report("keys", state="redeemed", as_of=redeemed)) == 2
    assert "fingerprint" in key
    hidden = harness.signed_in(("operations-manager", there.south))
    assert [one["last_name"] for one in harness.report("keys", hidden)] == ["South"]


@pytest.mark.feature("RPT-1", "APR-7", "SEC-2")
def test_a_request_is_reported_with_what_became_of_it_and_who_decided(harness: Harness) -> None:
    there = company(harness)
    boss = harness.person("Mary Boss", there.south)
    asked = {one["person_id"]: one for one in harness.report("approvals")}[str(there.ada)]
    assert (asked["kind"], asked["state"], asked["outcome"], asked["decided_at"]) == ("access", "open", None, None)
    request, offering = UUID(asked["request_id"]), UUID(asked["offering_id"])
    harness.tell(
        harness.approvals,
        harness.of_request(
            approvals.RequestDenied,
            request,
            there.ada,
            offering,
            stage=1,
            approver_id=boss,
            for_id=None,
            reason=None,
            enrollment_id=None,
            term=None,
        ),
    )
    harness.settle()
    (denied,) = harness.report("approvals", state="denied")
    assert (denied["request_id"], denied["decided_by"], denied["stage"]) == (str(request), "Mary Boss", 1)
    assert denied["decided_at"] > denied["asked_at"] == asked["asked_at"]
    (seen,) = harness.report("approvals", harness.signed_in(("auditor", there.north)), state="denied")
    assert (seen["decided_by_id"], seen["decided_by"]) == (str(boss), None)


@pytest.mark.feature("RPT-2")
def test_who_joined_a_group_is_told_from_whom_an_administrator_added(harness: Harness) -> None:
    course, ada, bob = harness.course(), harness.person("Ada A"), harness.person("Bob B")
    group = harness.assignment(course, "group")
    for person, by in ((ada, "learner"), (bob, "administrator")):
        about = {"person_id": person, "offering_id": course, "assignment_id": group}
        harness.tell(harness.enrollment, harness.next(enrollment.GroupJoined, uuid4(), **about, by=by))
    harness.enrol(ada, bob, offering=course, assignment=group)
    harness.settle()
    assert {row["first_name"]: row["joined_by"] for row in harness.rows()} == {"Ada": "learner", "Bob": "administrator"}
    assert harness.people(joined_by="learner") == {ada}


@pytest.mark.feature("RPT-1")
def test_a_name_is_searched_in_the_body_of_every_report_on_learners(harness: Harness) -> None:
    company(harness)
    for name in ("membership", "exceptions", "completion", "record-of-learning", "approvals"):
        answer = harness.http.post(f"/api/reporting/{name}/search", json={"name": "ada n"})
        assert {row["last_name"] for row in answer.json()["items"]} == {"North"}, name
        counted = harness.http.post(f"/api/reporting/{name}/count", json={"name": "ada n"}).json()["total"]
        assert counted == len(answer.json()["items"])
        assert harness.http.get(f"/api/reporting/{name}", params={"name": "ada"}).status_code == 422


@pytest.mark.feature("RPT-6")
def test_every_report_waits_for_the_position_it_is_asked_for(harness: Harness) -> None:
    company(harness)
    key = harness.key(harness.key_pool("Late", harness.course(), harness.unit("West")))
    assert key
    position = harness.keys.max_notification_id()
    asked = {"at_least": f"keys:{position}"}
    early = harness.http.get("/api/reporting/keys", params=asked, headers={"Prefer": "wait=1"})
    assert (early.status_code, early.json()["field"]) == (503, "at_least")
    harness.settle()
    assert len(harness.report("keys", **asked)) == 3
    assert f"keys:{position}" in harness.http.get(MEMBERSHIP).json()["as_new_as"]


@pytest.mark.feature("RPT-1")
def test_a_completion_of_an_earlier_term_stays_in_the_report_until_it_is_started_afresh(harness: Harness) -> None:
    ada, course = harness.person(), harness.course()
    rule = harness.assignment(course)
    harness.enrol(ada, offering=course, assignment=rule)
    completes(harness, ada, course)
    harness.tell(
        harness.enrollment,
        harness.unassigned(ada, course, rule),
        harness.about(enrollment.LearnerWithdrawn, ada, course, term=1),
        harness.assigned(ada, course, rule, term=2),
    )
    harness.settle()
    (row,) = harness.report("completion")
    assert (row["term"], row["state"], row["version"], row["completed_at"]) == (
        2,
        "completed",
        3,
        "2026-03-01T09:00:00Z",
    )
    assert date.fromisoformat(row["valid_until"]) == date(2026, 4, 1)


@pytest.mark.feature("RPT-3")
def test_the_rows_of_completion_are_counted_by_state_for_a_chart_of_the_same_question(harness: Harness) -> None:
    there = company(harness)
    eve = harness.person("Eve East", there.south)
    harness.enrol(eve, offering=there.course, assignment=there.audience)
    harness.settle()
    described = {one["name"]: one["parts"] for one in harness.http.get("/api/reporting/sources").json()}
    assert {name: parts for name, parts in described.items() if parts} == {"completion": ["state", "completed_month"]}
    asked: list[dict[str, Any]] = [{}, {"name": "eve"}, {"offering_id": str(there.course)}, {"state": ["completed"]}]
    found = []
    for question in asked:
        answer = harness.http.post("/api/reporting/completion/parts", json=question).json()
        rows = harness.http.post("/api/reporting/completion/search", json=question).json()["items"]
        assert answer["counts"] == {state: sum(row["state"] == state for row in rows) for state in answer["counts"]}
        assert (answer["by"], answer["total"]) == ("state", len(rows))
        found.append(answer["total"])
    assert found == [3, 1, 3, 2]
    in_south = harness.signed_in(("auditor", there.south))
    assert harness.http.get("/api/reporting/completion/parts", headers=in_south).json()["total"] == 2
    assert harness.http.get("/api/reporting/membership/parts").status_code == 404


@pytest.mark.feature("RPT-3")
def test_the_rows_of_completion_are_counted_by_the_month_of_the_completion_on_record(harness: Harness) -> None:
    course, home = harness.course("Fire safety"), harness.unit("Head office")
    rule = harness.assignment(course)
    moments = ("2026-02-28T23:30:00+00:00", "2026-03-01T00:30:00+01:00", "2026-03-01T00:30:00+00:00", None)
    for moment in moments:
        learner = harness.person("Ada Lovelace", home)
        harness.enrol(learner, offering=course, assignment=rule)
        if moment:
            fields = {"completed_at": datetime.fromisoformat(moment), "term": 1, "version": 1}
            harness.tell(harness.enrollment, harness.about(enrollment.EnrollmentCompleted, learner, course, **fields))
    renewed = harness.person("Grace Hopper", home)
    harness.enrol(renewed, offering=course, assignment=rule)
    for term, day in ((1, "2026-02-10"), (2, "2026-03-10")):
        fields = {"completed_at": datetime.fromisoformat(f"{day}T09:00:00+00:00"), "term": term, "version": 1}
        harness.tell(harness.enrollment, harness.about(enrollment.EnrollmentCompleted, renewed, course, **fields))
    harness.settle()
    by_month = {"by": "completed_month"}
    answer = harness.http.post("/api/reporting/completion/parts", json=by_month).json()
    assert answer == {"by": "completed_month", "counts": {"2026-02": 2, "2026-03": 2, "none": 1}, "total": 5}
    for within in ({"completed_from": "2026-03-01"}, {"completed_until": "2026-02-28"}):
        told = harness.http.get("/api/reporting/completion/parts", params={**by_month, **within}).json()
        rows = harness.http.get("/api/reporting/completion", params=within).json()["items"]
        (month,) = told["counts"]
        assert {row["completed_at"][:7] for row in rows} == {month}
        assert told["total"] == len(rows) == 2
    refused = harness.http.post("/api/reporting/completion/parts", json={"by": "learner"})
    assert (refused.status_code, refused.json()["field"]) == (422, "by")
    question = {"source": "completion", "name": "By month", "question": {"completed_from": "2026-01-01", **by_month}}
    made = harness.http.post("/api/reporting/saved-reports", json=question)
    assert made.status_code == 201, made.text
    kept = harness.http.get(made.headers["Location"]).json()["question"]
    assert kept == {"completed_from": "2026-01-01", "by": "completed_month"}


@pytest.mark.feature("RPT-2")
def test_the_overview_by_assignment_counts_whom_each_holds_by_type_and_name(harness: Harness) -> None:
    there = company(harness)
    eve = harness.person("Eve East", there.south)
    harness.enrol(eve, offering=there.course, assignment=there.audience)
    harness.settle()
    before = harness.now()

    def counted(headers: dict[str, str] | None = None, **asked: Any) -> list[tuple[object, ...]]:
        rows = harness.report("overview-by-assignment", headers, **asked)
        names = ("assignment_type", "assignment_name", "learners", "completed", "not_started")
        return [tuple(row[name] for name in names) for row in rows]

    everything = counted(sort="assignment_name")
    assert everything == [
        ("audience", "Drivers", 3, 2, 1),
        ("key", "Pool of North", 1, 1, 0),
        ("key", "Pool of South", 1, 1, 0),
    ]
    assert counted(type="audience") == everything[:1]
    assert counted(assignment_id=str(there.audience)) == everything[:1]
    assert counted(organisation_id=str(there.north), sort="assignment_name") == [
        ("audience", "Drivers", 1, 1, 0),
        ("key", "Pool of North", 1, 1, 0),
    ]
    in_north = harness.signed_in(("auditor", there.north))
    assert counted(in_north, sort="-learners") == counted(organisation_id=str(there.north), sort="-learners")
    harness.tell(harness.enrollment, harness.unassigned(eve, there.course, there.audience))
    harness.settle()
    assert counted(type="audience") == [("audience", "Drivers", 2, 2, 0)]
    assert counted(type="audience", as_of=before) == everything[:1]
    (offering,) = harness.report("overview", offering_id=str(there.course))
    assert "assignment_name" not in offering
