"""People, structure, jobs, audiences and permission roles over HTTP."""

import base64
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest
from directory.harness import Harness

from shared.contracts.enrollment import AssignmentCreated, AssignmentRemoved
from shared.events import SYSTEM, Meta
from shared.store import Decision


@pytest.mark.feature("DIR-1")
def test_email_and_user_name_are_unique_regardless_of_letter_case(harness: Harness) -> None:
    harness.person("Ada Lind")
    taken = harness.post("/people", {"first_name": "A", "last_name": "L", "email": "ADA.lind@example.org"})
    assert (taken.status_code, taken.json()["field"]) == (409, "email")
    body = {"first_name": "A", "last_name": "L", "email": "other@example.org", "user_name": "Ada.Lind@example.org"}
    assert harness.post("/people", body).json()["field"] == "user_name"
    assert harness.events() == ["PersonRegistered"]


@pytest.mark.feature("DIR-1")
def test_two_who_register_one_email_at_the_same_moment_are_not_both_taken(harness: Harness) -> None:
    body = {"first_name": "A", "last_name": "L", "email": "twin@example.org"}
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: harness.post("/people", body).status_code, range(6)))
    assert sorted(answers) == [201, 409, 409, 409, 409, 409]


@pytest.mark.feature("DIR-12", "DIR-1")
def test_names_and_addresses_are_in_the_profile_and_in_no_event(harness: Harness) -> None:
    id = harness.person("Zoltan Quickly", external_id="HR77", country="HU")
    harness.http.patch(f"/api/directory/people/{id}", json={"last_name": "Quirk"})
    with harness.database.connection() as conn:
        events = conn.execute("SELECT convert_from(body, 'UTF8') || meta FROM events").fetchall()
        profiles = conn.execute(
            "SELECT person_id, revision, convert_from(body, 'UTF8') FROM published_profiles"
        ).fetchall()
        commands = conn.execute("SELECT result FROM command").fetchall()
    assert (len(events), len(commands)) == (1, 2)
    for found in (*events, *commands):
        assert not any(word in str(found[0]) for word in ("Zoltan", "Quick", "Quirk", "example", "HR77"))
    assert [(p[0], p[1]) for p in profiles] == [(UUID(id), 2)]
    assert "Quirk" in str(profiles[0][2])


@pytest.mark.feature("DIR-12")
def test_the_profile_feed_shows_a_change_after_everything_older(harness: Harness) -> None:
    first, second = harness.person("Ada Lind"), harness.person("Bo Berg")
    harness.http.patch(f"/api/directory/people/{first}", json={"email": "new@example.org"})
    with harness.database.connection() as conn:
        rows = conn.execute("SELECT person_id FROM published_profiles ORDER BY position").fetchall()
    assert [str(id) for (id,) in rows] == [second, first]


@pytest.mark.feature("DIR-1")
def test_an_edit_of_a_stale_version_is_refused(harness: Harness) -> None:
    id = harness.person()
    seen = harness.get(f"/people/{id}").headers["ETag"]
    address = f"/api/directory/people/{id}"
    assert harness.http.patch(address, json={"country": "SE"}, headers={"If-Match": seen}).status_code == 200
    stale = harness.http.patch(address, json={"country": "NO"}, headers={"If-Match": seen})
    assert (stale.status_code, stale.json()["field"]) == (412, "If-Match")
    assert harness.get(f"/people/{id}").json()["country"] == "SE"


@pytest.mark.feature("ASG-6", "DIR-1")
def test_a_command_id_sent_again_answers_the_same_and_with_other_content_is_refused(harness: Harness) -> None:
    body = {"first_name": "Ada", "last_name": "Lind", "email": "ada@example.org"}
    first = harness.post("/people", body, **{"Idempotency-Key": "k1"})
    assert harness.post("/people", body, **{"Idempotency-Key": "k1"}).json() == first.json()
    other = harness.post("/people", {**body, "email": "b@example.org"}, **{"Idempotency-Key": "k1"})
    assert (other.status_code, other.json()["field"]) == (409, "Idempotency-Key")
    assert harness.events() == ["PersonRegistered"]


@pytest.mark.feature("DIR-1")
def test_a_leaver_can_return_and_unknown_people_are_not_found(harness: Harness) -> None:
    id = harness.person()
    assert harness.post(f"/people/{id}/deactivate").status_code == 200
    assert harness.get("/people", active="true").json()["items"] == []
    assert harness.post(f"/people/{id}/deactivate").status_code == 409
    assert harness.post(f"/people/{id}/reactivate").status_code == 200
    assert harness.events() == ["PersonRegistered", "PersonDeactivated", "PersonReactivated"]
    assert harness.post(f"/people/{uuid4()}/reactivate").json()["field"] == "person_id"


@pytest.mark.feature("DIR-3")
def test_units_form_trees_and_never_rings(harness: Harness) -> None:
    framework = harness.framework()
    top = harness.unit(framework, "Top")
    middle = harness.unit(framework, "Middle", top)
    low = harness.unit(framework, "Low", middle)
    ring = harness.post(f"/units/{top}/move", {"parent_id": low})
    assert (ring.status_code, ring.json()["field"]) == (409, "parent_id")
    assert harness.post(f"/units/{low}/move", {"parent_id": top}).status_code == 200
    assert {u["name"] for u in harness.get("/units", parent_id=top).json()["items"]} == {"Middle", "Low"}
    other = harness.framework(name="regional")
    elsewhere = harness.unit(other, "Elsewhere")
    assert harness.post(f"/units/{low}/move", {"parent_id": elsewhere}).status_code == 422


@pytest.mark.feature("DIR-3")
def test_a_unit_that_holds_people_or_children_is_not_removed(harness: Harness) -> None:
    framework = harness.framework()
    top = harness.unit(framework, "Top")
    low = harness.unit(framework, "Low", top)
    person = harness.person(home=low)
    for unit in (top, low):
        assert harness.http.delete(f"/api/directory/units/{unit}").status_code == 409
    assert harness.post(f"/people/{person}/move", {"organisation_id": top}).status_code == 200
    assert harness.http.delete(f"/api/directory/units/{low}").status_code == 200
    assert harness.get(f"/units/{low}").status_code == 404
    assert harness.post(f"/people/{person}/move", {"organisation_id": low}).json()["field"] == "organisation_id"


@pytest.mark.feature("DIR-5", "DIR-4")
def test_a_manager_is_named_by_a_job_and_a_cycle_is_refused(harness: Harness) -> None:
    positions = harness.framework("position", "roles")
    nurse = harness.unit(positions, "Nurse")
    ada, bo, cleo = harness.person("Ada Lind"), harness.person("Bo Berg"), harness.person("Cleo Moss")
    top = harness.job(ada)
    middle = harness.job(bo, manager_job=top, position=nurse)
    low = harness.job(cleo, manager_job=middle)
    job = harness.get(f"/people/{bo}").json()["jobs"][0]
    assert (job["manager"], job["position_name"]) == (ada, "Nurse")
    assert job["position_assigned_on"] is not None
    ring = harness.http.put(f"/api/directory/people/{ada}/jobs/{top}", json={"external_id": "1", "manager_job": low})
    assert (ring.status_code, ring.json()["type"]) == (409, "urn:rollbook:problem:manager-cycle")
    own = harness.http.put(f"/api/directory/people/{ada}/jobs/{top}", json={"external_id": "1", "manager_job": top})
    assert own.status_code == 422
    assert harness.http.delete(f"/api/directory/people/{bo}/jobs/{middle}").status_code == 409
    assert harness.http.delete(f"/api/directory/people/{cleo}/jobs/{low}").status_code == 200


@pytest.mark.feature("DIR-5", "DIR-3")
def test_two_edits_at_one_moment_close_no_ring(harness: Harness) -> None:
    framework = harness.framework()
    for n in range(5):
        one, two = harness.person(f"One N{n}"), harness.person(f"Two N{n}")
        first, second = harness.job(one), harness.job(two)
        a, b = harness.unit(framework, f"a{n}"), harness.unit(framework, f"b{n}")
        address = "/api/directory/people/{0}/jobs/{1}".format
        with ThreadPoolExecutor(4) as pool:
            jobs = [
                pool.submit(harness.http.put, address(one, first), json={"external_id": "1", "manager_job": second}),
                pool.submit(harness.http.put, address(two, second), json={"external_id": "1", "manager_job": first}),
            ]
            units = [
                pool.submit(harness.post, f"/units/{a}/move", {"parent_id": b}),
                pool.submit(harness.post, f"/units/{b}/move", {"parent_id": a}),
            ]
            assert sorted(answer.result().status_code for answer in jobs) == [200, 409]
            assert sorted(answer.result().status_code for answer in units) == [200, 409]


@pytest.mark.feature("DIR-5")
def test_a_temporary_manager_needs_a_last_day_in_the_future(harness: Harness) -> None:
    ada, bo = harness.person("Ada Lind"), harness.person("Bo Berg")
    lead = harness.job(ada)
    body = {"external_id": "1", "temporary_manager_job": lead, "temporary_until": "2001-01-01"}
    refused = harness.post(f"/people/{bo}/jobs", body)
    assert (refused.status_code, refused.json()["field"]) == (422, "temporary_until")
    assert harness.post(f"/people/{bo}/jobs", {**body, "temporary_until": "2999-01-01"}).status_code == 201


@pytest.mark.feature("DIR-6")
def test_people_join_and_leave_a_fixed_audience(harness: Harness) -> None:
    ada, bo = harness.person("Ada Lind"), harness.person("Bo Berg")
    id = harness.made("/audiences", "audience_id", name="First aiders")
    answer = harness.post(f"/audiences/{id}/members", {"add": [ada, bo, ada]})
    assert answer.json()["result"]["joined"] == 2
    assert harness.post(f"/audiences/{id}/members", {"add": [ada], "remove": [bo]}).json()["result"]["left"] == 1
    assert [m["id"] for m in harness.get(f"/audiences/{id}/members").json()["items"]] == [ada]
    assert harness.events()[-3:] == ["AudienceCreated", "AudienceMembersAdded", "AudienceMembersRemoved"]
    assert harness.post(f"/audiences/{id}/members", {"add": [str(uuid4())]}).status_code == 404
    assert harness.post("/audiences", {"name": "first AIDERS"}).status_code == 409


@pytest.mark.feature("CAT-7")
def test_audiences_are_read_by_ids_so_that_others_can_name_them(harness: Harness) -> None:
    ids = {name: harness.made("/audiences", "audience_id", name=name) for name in ("Drivers", "Nurses", "Cooks")}
    found = harness.get("/audiences", ids=[ids["Nurses"], ids["Cooks"]]).json()["items"]
    assert [one["name"] for one in found] == ["Cooks", "Nurses"]
    assert [one["name"] for one in harness.get("/audiences", ids=[ids["Nurses"]], name="cook").json()["items"]] == []


@pytest.mark.feature("DIR-9", "SEC-2")
def test_people_are_found_by_parts_of_both_names_email_organisation_and_position(harness: Harness) -> None:
    framework, positions = harness.framework(), harness.framework("position", "roles")
    north = harness.unit(framework, "North")
    east = harness.unit(framework, "East", north)
    nurse = harness.unit(positions, "Nurse")
    maria = harness.person("Maria Stone", home=east)
    mark = harness.person("Mark Stoner", home=north)
    harness.person("Marta Bell")
    harness.job(maria, position=nurse)

    def found(**asked: str) -> list[str]:
        return [p["first_name"] for p in harness.post("/people/search", asked).json()["items"]]

    assert found(first_name="MAR", last_name="ston") == ["Maria", "Mark"]
    assert found(email="rta.be") == ["Marta"]
    assert found(organisation=north) == ["Mark"]
    assert found(organisation=north, include_below="true") == ["Maria", "Mark"]
    assert found(position=nurse) == ["Maria"]
    first = harness.get("/people", limit="2").json()
    rest = harness.get("/people", limit="2", cursor=first["next"]).json()
    assert [p["first_name"] for p in first["items"] + rest["items"]] == ["Marta", "Maria", "Mark"]
    assert rest["next"] is None
    assert harness.get(f"/people/{mark}").json()["home_organisation_name"] == "North"


@pytest.mark.feature("SEC-2", "SEC-4")
def test_nothing_outside_the_callers_organisations_is_seen_or_changed(harness: Harness) -> None:
    framework = harness.framework()
    north, south = harness.unit(framework, "North"), harness.unit(framework, "South")
    low = harness.unit(framework, "Low", north)
    inside, outside = harness.person("Ada Lind", low), harness.person("Bo Berg", south)
    reader = harness.client("auditor", north)
    people = reader.get("/api/directory/people").json()["items"]
    assert [p["id"] for p in people] == [inside]
    assert reader.get(f"/api/directory/people/{outside}").status_code == 404
    assert reader.get(f"/api/directory/units/{south}").status_code == 404
    refused = reader.post(f"/api/directory/people/{inside}/deactivate")
    assert (refused.status_code, refused.json()["permission"]) == (403, "manage-directory")
    manager = harness.client("site-administrator", north)
    assert manager.post(f"/api/directory/people/{outside}/deactivate").status_code == 404
    moved = manager.post(f"/api/directory/people/{inside}/move", json={"organisation_id": south})
    assert moved.status_code == 404
    assert manager.post(f"/api/directory/people/{inside}/move", json={"organisation_id": north}).status_code == 200
    too_much = manager.post(f"/api/directory/people/{inside}/roles", json={"role": "auditor", "organisation": None})
    assert (too_much.status_code, too_much.json()["permission"]) == (403, "manage-directory")


@pytest.mark.feature("SEC-6", "SEC-1")
def test_every_change_of_permission_is_an_event_and_the_last_administrator_stays(harness: Harness) -> None:
    ada, bo = harness.person("Ada Lind"), harness.person("Bo Berg")
    role = {"role": "site-administrator", "organisation": None}
    assert harness.post(f"/people/{ada}/roles", role).status_code == 201
    assert harness.post(f"/people/{ada}/roles", role).status_code == 409
    address = f"/api/directory/people/{ada}/roles/site-administrator"
    assert harness.http.delete(address).json()["type"] == "urn:rollbook:problem:last-site-administrator"
    assert harness.post(f"/people/{ada}/deactivate").status_code == 409
    assert harness.post(f"/people/{bo}/roles", role).status_code == 201
    assert harness.http.delete(address).status_code == 200
    assert harness.post(f"/people/{bo}/roles", {"role": "king"}).json()["field"] == "role"
    assert harness.events()[2:] == ["PermissionRoleGranted", "PermissionRoleGranted", "PermissionRoleRevoked"]


@pytest.mark.feature("ASG-4", "DIR-9")
def test_everybody_in_a_result_is_selected_not_only_the_page_and_only_within_the_scope(harness: Harness) -> None:
    framework = harness.framework()
    north, south = harness.unit(framework, "North"), harness.unit(framework, "South")
    inside = {harness.person(f"Ann Berg{n}", north) for n in range(5)}
    outside = harness.person("Ann Bergman", south)
    harness.person("Bo Lind", north)
    assert set(harness.post("/people/selection", {"last_name": "berg"}).json()["people"]) == {*inside, outside}
    reader = harness.client("enrollment-manager", north)
    answer = reader.post("/api/directory/people/selection", json={"last_name": "berg"})
    assert set(answer.json()["people"]) == inside


@pytest.mark.feature("DIR-12", "DIR-9")
def test_names_are_refused_in_addresses_and_cursors_hold_none(harness: Harness) -> None:
    refused = harness.get("/people", last_name="Lind")
    assert (refused.status_code, refused.json()["field"]) == (422, "query.last_name")
    harness.person("Ada Lind")
    harness.person("Bo Lindberg")
    page = harness.get("/people", limit="1").json()
    assert "lind" not in base64.urlsafe_b64decode(page["next"] + "==").decode().lower()


@pytest.mark.feature("ASG-10")
def test_a_unit_that_has_assignments_is_removed_only_after_they_have_been_previewed_and_removed(
    harness: Harness,
) -> None:
    unit = harness.unit(harness.framework(), "North")
    assignment, meta = uuid4(), Meta(actor=SYSTEM, correlation=uuid4())
    created = AssignmentCreated(
        originator_id=assignment,
        originator_version=1,
        offering_id=uuid4(),
        type="organisation",
        target_id=UUID(unit),
        include_below=False,
    )
    harness.enrollment.append([Decision((created,), meta)])
    harness.consumer.step()
    refused = harness.http.delete(f"/api/directory/units/{unit}")
    assert (refused.status_code, refused.json()["assignments"]) == (409, 1)
    assert "/api/enrollment/previews" in refused.json()["detail"]
    removed = AssignmentRemoved(originator_id=assignment, originator_version=2)
    harness.enrollment.append([Decision((removed,), meta)])
    harness.consumer.step()
    assert harness.http.delete(f"/api/directory/units/{unit}").status_code == 200
