"""The import (DIR-8, DIR-13) over HTTP: what rows become, what is refused and why, who leaves and who does not."""

from uuid import uuid4

import pytest
from directory.builders import job, org, text, user
from directory.harness import Harness

from services.directory.main import build
from shared.jobs import Worker

COMPANY = {
    "org": [org("south", "top"), org("top")],
    "pos": [{**org("nurse"), "frameworkidnumber": "roles"}],
    "user": [user("E1"), user("E2", country="se"), user("E3")],
    "jobassignment": [
        job("E2", orgidnumber="south", posidnumber="nurse", manageridnumber="E1", managerjaidnumber="lead"),
        job("E1", "lead", orgidnumber="top", fullname="Head"),
    ],
}


@pytest.fixture
def company(harness: Harness) -> Harness:
    """A directory with the frameworks that the files name."""
    harness.framework(name="legal")
    harness.framework("position", "roles")
    return harness


@pytest.mark.feature("DIR-8", "DIR-13", "DIR-5")
def test_four_files_become_people_units_and_jobs_whatever_the_order_of_rows(company: Harness) -> None:
    assert company.run(COMPANY) == {"created": 8}
    people = company.people()
    assert people["E2"]["home_organisation_name"] == "Unit south"
    found = company.get(f"/people/{people['E2']['id']}").json()
    assert (found["country"], found["jobs"][0]["manager"]) == ("SE", people["E1"]["id"])
    assert found["jobs"][0]["position_name"] == "Unit nurse"
    units = {u["external_id"]: u for u in company.get("/units").json()["items"]}
    assert units["south"]["parent_id"] == units["top"]["id"]
    told = company.events()
    assert (told[2], told[-1], told.count("PersonRegistered")) == ("BatchStarted", "BatchFinished", 3)


@pytest.mark.feature("DIR-8", "DIR-13")
def test_the_same_files_again_change_nothing_and_write_no_event(company: Harness) -> None:
    company.run(COMPANY)
    before = company.events()
    assert company.run(COMPANY) == {"unchanged": 8}
    assert company.events() == before


@pytest.mark.feature("DIR-8")
def test_a_change_touches_only_what_differs(company: Harness) -> None:
    company.run(COMPANY)
    before = len(company.events())
    changed = {**COMPANY, "user": [user("E1"), user("E2", country="NO"), user("E3", lastname="Newname")]}
    assert company.run(changed) == {"changed": 2, "unchanged": 6}
    assert company.report["user", 3] == ("changed", ["country"])
    assert company.report["user", 4] == ("changed", ["last_name"])
    assert company.events()[before:] == ["BatchStarted", "PersonDescribed", "BatchFinished"]


@pytest.mark.feature("DIR-8")
def test_a_dry_run_reports_the_same_and_changes_nothing(company: Harness) -> None:
    wrong = {**COMPANY, "user": [*COMPANY["user"], user("E4", email="e1@example.org")]}
    before = company.events()
    dry = company.run(wrong, dry_run=True)
    dry_report = company.report
    assert company.events() == before
    assert company.people() == {}
    assert company.run(wrong) == dry
    assert company.report == dry_report


@pytest.mark.feature("DIR-8", "DIR-13")
def test_every_reason_of_a_row_is_told_and_the_others_go_on(company: Harness) -> None:
    users = [
        user("A"),
        user("B", email="a@EXAMPLE.org"),
        user("C", email="nonsense", country="Sweden", firstname=""),
        user("D", username="userE"),
        user("E"),
        user("F"),
        user("F", username="f2", email="f2@example.org"),
        user("", username="g", email="g@example.org"),
        user("H"),
    ]
    assert company.run({"user": users}) == {"created": 1, "skipped": 8}
    report = company.report
    assert report["user", 2] == ("skipped", ["double"])
    assert sorted(report["user", 4][1]) == ["country", "email", "empty", "too-long"]
    assert report["user", 5] == report["user", 6] == ("skipped", ["double"])
    assert report["user", 7] == ("skipped", ["double"])
    assert report["user", 9] == ("skipped", ["no-key"])
    assert list(company.people()) == ["H"]


@pytest.mark.feature("DIR-13")
def test_two_people_may_swap_their_addresses_and_others_may_not_be_taken(company: Harness) -> None:
    company.person("Ada Lind")
    company.run({"user": [user("A"), user("B"), user("C")]})
    users = [
        user("A", email="B@example.org"),
        user("B", email="A@example.org"),
        user("C", email="ada.lind@example.org"),
    ]
    assert company.run({"user": users}) == {"changed": 2, "skipped": 1}
    assert company.report["user", 4] == ("skipped", ["taken"])
    people = company.people()
    assert (people["A"]["email"], people["B"]["email"]) == ("B@example.org", "A@example.org")


@pytest.mark.feature("DIR-13", "DIR-5")
def test_units_and_managers_that_are_unknown_or_form_a_ring_are_refused_with_consequences(company: Harness) -> None:
    orgs = [
        org("a", "b"),
        org("b", "a"),
        org("c", "a"),
        org("d", "nowhere"),
        org("e", "d"),
        org("f", frameworkidnumber="x"),
    ]
    users = [user("A"), user("B"), user("C"), user("D"), user("E")]
    jobs = [
        job("A", manageridnumber="B"),
        job("B", manageridnumber="A"),
        job("C", manageridnumber="C"),
        job("D", manageridnumber="nobody", orgidnumber="e"),
        job("E", manageridnumber="A", managerjaidnumber="1"),
        job("X"),
    ]
    assert company.run({"org": orgs, "user": users, "jobassignment": jobs}) == {"created": 5, "skipped": 12}
    report = company.report
    assert report["org", 3] == ("skipped", ["ring"])
    assert report["org", 2] == report["org", 4] == report["org", 6] == ("skipped", ["parent-refused"])
    assert report["org", 5] == ("skipped", ["unknown-parent"])
    assert report["org", 7] == ("skipped", ["unknown-framework"])
    assert report["jobassignment", 3] == ("skipped", ["ring"])
    assert report["jobassignment", 2] == ("skipped", ["manager-without-job"])
    assert report["jobassignment", 4] == ("skipped", ["own-manager"])
    assert sorted(report["jobassignment", 5][1]) == ["unknown-manager", "unknown-organisation"]
    assert report["jobassignment", 6] == ("skipped", ["manager-without-job"])
    assert report["jobassignment", 7] == ("skipped", ["unknown-person"])


@pytest.mark.feature("DIR-8", "DIR-1")
def test_who_is_missing_from_all_records_leaves_and_returns_as_the_same_person(company: Harness) -> None:
    by_hand = company.person("Ada Lind", external_id="HAND")
    company.run(COMPANY)
    fewer = {**COMPANY, "user": [user("E1"), user("E2", country="se")]}
    assert company.run(fewer, contains_all=True) == {"removed": 1, "unchanged": 7}
    people = company.people()
    assert (people["E3"]["active"], people["HAND"]["active"]) == (False, True)
    assert company.run(COMPANY, contains_all=True) == {"changed": 1, "unchanged": 7}
    assert company.people()["E3"] == {**people["E3"], "active": True}
    assert by_hand == company.people()["HAND"]["id"]


@pytest.mark.feature("DIR-13")
def test_nobody_leaves_while_a_key_cannot_be_read_or_the_own_row_is_wrong(company: Harness) -> None:
    company.run({"user": [user("A"), user("B"), user("C")]})
    wrong = {"user": [user("A"), user("B", email="wrong")]}
    assert company.run(wrong, contains_all=True, dry_run=True) == {"removed": 1, "skipped": 1, "unchanged": 1}
    unreadable = {"user": [user("A"), user("")]}
    assert company.run(unreadable, contains_all=True) == {"held": 2, "skipped": 1, "unchanged": 1}
    assert [p["active"] for p in company.people().values()] == [True] * 3


@pytest.mark.feature("DIR-13")
def test_removals_go_from_jobs_to_units_and_a_unit_in_use_stays_with_the_reason(company: Harness) -> None:
    company.run(COMPANY)
    gone = {"org": [org("top", deleted=1), org("south", deleted=1)], "jobassignment": [job("E2", deleted=1)]}
    company.post(f"/people/{company.people()['E2']['id']}/move", {"organisation_id": None})
    assert company.run(gone) == {"removed": 2, "skipped": 1}
    assert company.report["org", 2] == ("skipped", ["in-use"])
    assert [u["external_id"] for u in company.get("/units", kind="organisation").json()["items"]] == ["top"]


@pytest.mark.feature("DIR-13")
def test_records_of_a_person_or_another_feed_are_only_taken_over_on_request(company: Harness) -> None:
    company.person("Ada Lind", external_id="E1")
    assert company.run({"user": [user("E1")]}) == {"skipped": 1}
    assert company.report["user", 2] == ("skipped", ["not-ours"])
    assert company.run({"user": [user("E1")]}, take_over=True) == {"changed": 1}
    assert company.run({"user": [user("E1", city="X")]}, feed="other") == {"skipped": 1}
    assert company.get(f"/imports/{company.last}").json()["ignored"] == ["user: city"]


@pytest.mark.feature("DIR-13")
def test_a_home_set_by_hand_stays(company: Harness) -> None:
    company.run(COMPANY)
    person = company.people()["E2"]["id"]
    top = company.get("/units", name="top").json()["items"][0]["id"]
    company.post(f"/people/{person}/move", {"organisation_id": top})
    later = [job("E2", orgidnumber="south", posidnumber="nurse", manageridnumber="E1", fullname="Changed")]
    assert company.run({"jobassignment": later}) == {"changed": 1}
    assert company.people()["E2"]["home_organisation"] == top


@pytest.mark.feature("DIR-13")
def test_equal_timemodified_is_unchanged_and_dates_are_read_as_declared(company: Harness) -> None:
    company.run(
        {"user": [user("A", timemodified=5)], "jobassignment": [job("A", startdate="03/02/2024", enddate="1735689600")]}
    )
    person = company.people()["A"]["id"]
    found = company.get(f"/people/{person}").json()["jobs"][0]
    assert (found["starts"], found["ends"]) == ("2024-02-03", "2025-01-01")
    assert company.run({"user": [user("A", timemodified=5, lastname="Later")]}) == {"unchanged": 1}
    assert company.run({"user": [user("A", timemodified=4, lastname="Later")]}) == {"changed": 1}
    wrong = [job("A", startdate="2024-31-31"), job("A", "2", startdate="02/01/2024", enddate="01/01/2024")]
    assert company.run({"jobassignment": wrong}) == {"skipped": 2}
    assert company.report["jobassignment", 2][1] == ["date"]
    assert company.report["jobassignment", 3][1] == ["start-after-end"]


@pytest.mark.feature("DIR-13")
def test_empty_cells_keep_or_erase_as_declared(company: Harness) -> None:
    company.run(COMPANY)
    files = {"user": [user("E2", country="", email="")]}
    assert company.run(files) == {"unchanged": 1}
    assert company.run(files, empty="erase") == {"changed": 1}
    assert company.report["user", 2] == ("changed", ["country"])


@pytest.mark.feature("DIR-13")
def test_with_job_key_first_the_row_renames_the_first_job(company: Harness) -> None:
    company.run(COMPANY)
    assert company.run({"jobassignment": [job("E2", "renamed")]}, job_key="first") == {"changed": 1}
    person = company.people()["E2"]["id"]
    assert [j["external_id"] for j in company.get(f"/people/{person}").json()["jobs"]] == ["renamed"]


@pytest.mark.feature("DIR-13")
@pytest.mark.parametrize("dry_run", [True, False])
def test_the_first_job_is_not_renamed_to_the_number_of_another_job(company: Harness, dry_run: bool) -> None:
    company.run(COMPANY)
    company.run({"jobassignment": [job("E2", "second")]})
    told = company.run({"jobassignment": [job("E2", "second")]}, job_key="first", dry_run=dry_run)
    assert told == {"skipped": 1}
    assert company.report["jobassignment", 2] == ("skipped", ["taken"])


@pytest.mark.feature("DIR-13")
def test_a_home_that_came_from_a_job_goes_with_the_job(company: Harness) -> None:
    """To the organisation of the next job; with the last one there is no home. Who leaves keeps the last home."""
    company.run(COMPANY)
    units = {u["external_id"]: u["id"] for u in company.get("/units", kind="organisation").json()["items"]}
    home = lambda: company.people()["E2"]["home_organisation"]  # noqa: E731
    company.run({"jobassignment": [job("E2", "second", orgidnumber="top")]})
    assert home() == units["south"]
    assert company.run({"jobassignment": [job("E2", deleted=1)]}) == {"removed": 1}
    assert home() == units["top"]
    assert company.run({"jobassignment": [job("E2", "second", deleted=1)]}) == {"removed": 1}
    assert home() is None
    company.run({"jobassignment": [job("E2", "third", orgidnumber="top")]})
    assert home() == units["top"]
    gone = {"user": [user("E2", deleted=1)], "jobassignment": [job("E2", "third", deleted=1)]}
    assert company.run(gone) == {"removed": 2}
    assert home() == units["top"]


@pytest.mark.feature("DIR-8", "DIR-13")
@pytest.mark.parametrize(
    ("content", "told"),
    [
        (text([user("A", firstname="Åsa")]).decode().encode("latin-1"), "utf-8"),
        (text([user("A")]) + b'B,userB,"half', "is not closed properly"),
        (text([{"idnumber": "A", "username": "a"}]), "is missing"),
        (text([user("A", password="x")]), "passwords are not imported"),
        (text([user("A")]).replace(b",", b";"), "Check the delimiter"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "utf-8"),
        (b"", "Check the delimiter"),
    ],
)
def test_a_bad_file_changes_nothing_and_the_answer_names_it(company: Harness, content: bytes, told: str) -> None:
    before = company.events()
    answer = company.upload({"org": COMPANY["org"], "user": content})
    assert (answer.status_code, answer.json()["field"]) == (422, "user")
    assert told in answer.json()["detail"]
    assert not company.worker.step()
    assert company.events() == before


@pytest.mark.feature("DIR-13")
def test_a_row_with_the_wrong_number_of_cells_is_refused_alone(company: Harness) -> None:
    content = text([user("A"), user("B")]) + b"C,userC\r\n\r\n"
    assert company.run({"user": content}) == {"created": 2, "skipped": 1}
    assert "cells" in company.report["user", 4][1]


@pytest.mark.feature("DIR-13")
def test_headings_alone_are_refused_where_all_records_are_declared(company: Harness) -> None:
    company.run({"user": [user("A")]})
    answer = company.upload({"user": text([user("A")]).splitlines()[0]}, contains_all=True)
    assert (answer.status_code, answer.json()["field"]) == (422, "user")
    assert company.people()["A"]["active"]


@pytest.mark.feature("DIR-13")
def test_canvas_and_moodle_files_and_own_mappings_are_read(company: Harness) -> None:
    accounts = b"account_id,parent_account_id,name,status\nuni,,University,active\nlaw,uni,Law,active\n"
    users = b"user_id,login_id,status,full_name,email,home_account\nc1,cleo,active,Cleo van Moss,cleo@example.org,law\n"
    assert company.run({"org": accounts, "user": users}, mapping="canvas") == {"created": 3}
    assert company.people()["c1"]["home_organisation_name"] == "Law"
    moodle = b"username,firstname,lastname,email\nbo,Bo,Berg,bo@example.org\n"
    assert company.run({"user": moodle}, mapping="moodle") == {"created": 1}
    assert company.run({"user": moodle}, mapping="moodle") == {"unchanged": 1}
    own = (
        "{name: hr, delimiter: ';', elements: {user: {fields: {id: external_id, login: user_name, vorname: first_name, "
    )
    own += "nachname: last_name, mail: email, weg: deleted}}}}"
    rows = b"id;login;vorname;nachname;mail;weg\n0;zed;Zed;Null;zed@example.org;0\n"
    assert company.run({"user": rows}, mapping=own) == {"created": 1}
    assert company.people()["0"]["first_name"] == "Zed"


@pytest.mark.feature("DIR-12", "DIR-8")
def test_after_a_run_names_and_addresses_are_in_the_profile_table_only(company: Harness) -> None:
    company.run({"user": [user("E900", lastname="Quixotic"), user("E901", email="taken"), user("E902", email="taken")]})
    with company.database.connection() as conn:
        tables = conn.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'profile'")
        names = {table for (table,) in tables.fetchall()}
        assert names >= {"person", "import_row", "command", "events"}
        events = conn.execute("SELECT convert_from(body, 'UTF8') FROM events").fetchall()
        assert len(events) > 0
        for table in names:
            rows = conn.execute(f"SELECT t::text FROM {table} t".encode()).fetchall()
            for (found,) in [*rows, *events]:
                assert not any(word in str(found) for word in ("Quixotic", "E900", "E901", "taken")), table


@pytest.mark.feature("DIR-8", "SEC-4")
def test_only_who_manages_the_whole_directory_imports(company: Harness) -> None:
    unit = company.unit(company.framework(name="third"), "North")
    for client in (company.client("enrollment-manager"), company.client("site-administrator", unit)):
        files = {"user": ("user.csv", text([user("A")]))}
        assert client.post("/api/directory/imports", files=files).status_code == 403


@pytest.mark.feature("DIR-8", "ASG-6")
def test_an_import_sent_again_under_its_command_id_is_one_run(company: Harness) -> None:
    def send(name: str) -> tuple[int, object]:
        files = {"user": ("user.csv", text([user(name)]))}
        answer = company.http.post("/api/directory/imports", files=files, headers={"Idempotency-Key": "run-1"})
        return answer.status_code, answer.json().get("id", answer.json().get("field"))

    assert send("A") == send("A")
    assert send("B") == (409, "Idempotency-Key")


@pytest.mark.feature("DIR-8", "ASG-22")
def test_a_run_that_was_cut_off_goes_on_where_it_was(company: Harness) -> None:
    people = [user(f"E{n}") for n in range(40)]
    id = company.upload({"user": people}).json()["id"]
    for _ in range(3):
        company.worker.step()
    half = company.get(f"/imports/{id}").json()
    assert (half["state"], half["done"], half["total"]) == ("running", 14, 40)
    other = build(company.settings, verifier=company.issuer.verifier)
    worker = next(w for w in other.workers if isinstance(w, Worker))
    while worker.step():
        pass
    other.close()
    assert company.get(f"/imports/{id}").json()["outcomes"] == {"created": 40}
    assert company.events().count("PersonRegistered") == 40
    assert company.events()[-1] == "BatchFinished"


@pytest.mark.feature("DIR-8")
def test_who_was_changed_between_check_and_write_is_left_out_and_named(company: Harness) -> None:
    company.run({"user": [user("A"), user("B")]})
    ids = {k: p["id"] for k, p in company.people().items()}
    id = company.upload({"user": [user("A", lastname="Feed"), user("B", lastname="Feed")]}).json()["id"]
    company.worker.step()
    company.http.patch(f"/api/directory/people/{ids['A']}", json={"last_name": "Hand"})
    while company.worker.step():
        pass
    assert company.get(f"/imports/{id}").json()["outcomes"] == {"changed": 1, "skipped": 1}
    assert {p["last_name"] for p in company.people().values()} == {"Hand", "Feed"}


@pytest.mark.feature("DIR-8")
def test_an_address_taken_between_check_and_write_refuses_that_row_only(company: Harness) -> None:
    id = company.upload({"user": [user("A"), user("B", email="ada.lind@example.org"), user("C")]}).json()["id"]
    company.worker.step()
    company.person("Ada Lind")
    while company.worker.step():
        pass
    assert company.get(f"/imports/{id}").json()["outcomes"] == {"created": 2, "skipped": 1}
    assert sorted(company.people()) == ["A", "C", "None"]


@pytest.mark.feature("DIR-5", "DIR-13")
def test_a_job_that_leads_another_is_not_removed_unless_that_one_goes_too(company: Harness) -> None:
    company.run(COMPANY)
    assert company.run({"jobassignment": [job("E1", "lead", deleted=1)]}) == {"skipped": 1}
    assert company.report["jobassignment", 2] == ("skipped", ["job-has-reports"])
    both = [job("E1", "lead", deleted=1), job("E2", deleted=1)]
    assert company.run({"jobassignment": both}) == {"removed": 2}


@pytest.mark.feature("DIR-8")
def test_a_body_of_50_megabytes_is_refused_with_the_limit(company: Harness) -> None:
    answer = company.http.post("/api/directory/imports", files={"user": ("user.csv", b"x" * 50_000_000)})
    assert (answer.status_code, answer.json()["type"]) == (413, "urn:rollbook:problem:too-large")
    assert "ROLLBOOK_BODY_BYTES" in answer.json()["detail"]


@pytest.mark.feature("DIR-13")
@pytest.mark.parametrize(
    ("options", "field"),
    [({"mapping": "nonsense"}, "mapping"), ({"empty": "maybe"}, "empty"), ({"zone": "Mars"}, "zone"), ({"x": 1}, "x")],
)
def test_an_option_that_is_not_known_is_named(company: Harness, options: dict[str, object], field: str) -> None:
    answer = company.upload({"user": [user("A")]}, **options)
    assert (answer.status_code, answer.json()["field"]) == (422, field)


@pytest.mark.feature("DIR-8", "DIR-13")
@pytest.mark.parametrize(
    ("delimiter", "line"),
    [(",", ",,,,,"), (",", ' , "",\t,\u200b'), (";", ";;;"), (";", ",,,,"), ("\t", "\t \t"), ("|", "||")],
)
def test_a_line_of_empty_cells_is_no_line_wherever_it_stands(company: Harness, delimiter: str, line: str) -> None:
    mapping = f"{{name: hr, delimiter: {delimiter!r}, elements: {{user: {{fields: {{id: external_id, login: user_name, first: "
    mapping = mapping.replace("'\\t'", '"\\t"') + "first_name, last: last_name, mail: email}}}}"
    rows = [["id", "login", "first", "last", "mail"], *([i, f"user{i}", "A", "B", f"{i}@example.org"] for i in "ABC")]
    lines = [delimiter.join(row) for row in rows]
    company.run({"user": "\n".join(lines).encode()}, mapping=mapping, contains_all=True)
    fewer = "\n".join([lines[0], line, lines[1], line, "", line]).encode()
    assert company.run({"user": fewer}, mapping=mapping, contains_all=True) == {"removed": 2, "unchanged": 1}
    assert company.report["user", 3] == ("unchanged", [])


@pytest.mark.feature("DIR-13")
@pytest.mark.parametrize("status", ["terminated", "actvie", "", "deletd", "1"])
def test_a_status_that_canvas_does_not_have_refuses_its_row_with_the_values_that_it_has(
    company: Harness, status: str
) -> None:
    head = "user_id,login_id,status,full_name,email\n"
    known = "c1,cleo,Active,Cleo van Moss,cleo@example.org\n"
    assert company.run({"user": (head + known).encode()}, mapping="canvas") == {"created": 1}
    wrong = known.replace("Active", status) + f"c2,bo,{status},Bo Berg,bo@example.org\n"
    assert company.run({"user": (head + wrong).encode()}, mapping="canvas") == {"skipped": 2}
    assert company.report["user", 2] == company.report["user", 3] == ("skipped", ["status"])
    items = company.get(f"/imports/{company.last}/report").json()["items"]
    assert "active, suspended, deleted" in items[0]["reasons"][0]["detail"]
    accounts = f"account_id,parent_account_id,name,status\nuni,,University,{status}\n".encode()
    assert company.run({"org": accounts}, mapping="canvas") == {"skipped": 1}
    assert company.report["org", 2] == ("skipped", ["status"])


@pytest.mark.feature("DIR-13")
def test_moodle_switches_are_0_or_1(company: Harness) -> None:
    head = "username,firstname,lastname,email,suspended,deleted\n"
    rows = "a,A,A,a@example.org,yes,0\nb,B,B,b@example.org,,\nc,C,C,c@example.org,1,0\nd,D,D,d@example.org,0,no\n"
    assert company.run({"user": (head + rows).encode()}, mapping="moodle") == {"created": 2, "skipped": 2}
    assert company.report["user", 2] == ("skipped", ["suspended"])
    assert company.report["user", 5] == ("skipped", ["deleted"])


@pytest.mark.feature("DIR-13", "DIR-1")
@pytest.mark.parametrize("character", ["\u200b", "\ufeff", "\u2060", "\u200e", "\u2069", "\u00ad"])
def test_invisible_characters_at_the_ends_of_keys_make_no_second_person(company: Harness, character: str) -> None:
    company.run({"user": [user("E1")]})
    around = user(
        "E1", idnumber=f"{character}E1{character}", username=f"userE1{character}", email=f"{character}E1@example.org"
    )
    assert company.run({"user": [around], "jobassignment": [job(f"E1{character}")]}) == {"unchanged": 1, "created": 1}
    within = user("E2", idnumber=f"E{character}2")
    assert company.run({"user": [user("E1"), within]}, contains_all=True) == {"unchanged": 1, "skipped": 1}
    assert company.report["user", 3] == ("skipped", ["invisible"])


@pytest.mark.feature("DIR-8", "DIR-1")
def test_dry_run_and_run_agree_on_addresses_that_differ_in_case_only(company: Harness) -> None:
    company.run({"user": [user("A", email="a-ΟΔΟΣ@example.org", username="straße")]})
    files = {
        "user": [
            user("B", email="a-οδοσ@example.org"),
            user("C", username="STRASSE"),
            user("D", email="d-ς@x.org"),
            user("E", email="d-Σ@x.org"),
            user("a"),
        ]
    }
    dry = company.run(files, dry_run=True)
    dry_report = company.report
    assert company.run(files) == dry == {"created": 1, "skipped": 4}
    assert company.report == dry_report
    assert dry_report["user", 2] == dry_report["user", 3] == ("skipped", ["taken"])
    assert dry_report["user", 4] == dry_report["user", 5] == ("skipped", ["double"])


@pytest.mark.feature("DIR-13")
def test_a_key_that_is_too_long_is_refused_with_its_limit_and_nobody_is_missing(company: Harness) -> None:
    company.run({"user": [user("A"), user("B")]})
    long = {"org": [org("o" * 101)], "user": [user("A"), user("u" * 256, username="u", email="u@example.org")]}
    found = company.run(long, contains_all=True)
    assert found == {"held": 1, "skipped": 2, "unchanged": 1}
    items = company.get(f"/imports/{company.last}/report", outcome="skipped").json()["items"]
    told = [(r["code"], r["field"], r["detail"]) for i in items for r in i["reasons"]]
    assert told[0] == ("too-long", "external_id", "external_id is longer than 100 characters.")
    assert told[1] == ("too-long", "external_id", "external_id is longer than 255 characters.")
    assert company.run({"jobassignment": [job("A", "j" * 101)]}) == {"skipped": 1}
    assert company.report["jobassignment", 2] == ("skipped", ["too-long"])


@pytest.mark.feature("DIR-8")
def test_the_runs_are_listed_newest_first_with_their_numbers_and_who_began_them(harness: Harness) -> None:
    harness.framework()
    harness.run({"org": [org("a"), org("b")]})
    first = harness.last
    harness.run({"org": [org("a"), org("c", parent="nowhere")]}, dry_run="true", feed="legal")
    listed = harness.get("/imports", limit="1").json()
    (newest,) = listed["items"]
    assert (newest["id"], newest["feed"], newest["dry_run"], newest["state"]) == (
        harness.last,
        "legal",
        True,
        "finished",
    )
    assert newest["outcomes"] == harness.get(f"/imports/{harness.last}").json()["outcomes"]
    assert sum(newest["outcomes"].values()) >= 2
    (oldest,) = harness.get("/imports", limit="1", cursor=listed["next"]).json()["items"]
    assert (oldest["id"], oldest["outcomes"]) == (first, {"created": 2})
    assert oldest["actor"] == str(harness.administrator)
    waiting = harness.upload({"org": [org("d")]}).json()
    assert harness.get("/imports").json()["items"][0] == {**waiting, "state": "waiting", "outcomes": {}}
    assert harness.client("site-administrator", uuid4()).get("/api/directory/imports").status_code == 403


@pytest.mark.feature("DIR-13")
def test_which_headings_are_read_is_told_before_a_file_is_sent(harness: Harness) -> None:
    told = {one["name"]: one for one in harness.http.get("/api/directory/imports/mappings").json()}
    assert set(told) == {"totara", "canvas", "moodle"}
    files = {one["element"]: one["headings"] for one in told["totara"]["files"]}
    assert list(files) == ["org", "pos", "user", "jobassignment"]
    assert {one["heading"] for one in files["user"] if one["mandatory"]} == {"idnumber", "username", "timemodified"}
    assert {"heading": "managerjaidnumber", "field": "manager_job", "mandatory": False} in files["jobassignment"]
    assert (told["canvas"]["date_format"], told["moodle"]["delimiter"]) == ("c", ",")
    assert harness.client("auditor").get("/api/directory/imports/mappings").status_code == 403
