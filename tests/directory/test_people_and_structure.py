"""People, structure, jobs, audiences and permission roles over HTTP."""

import base64
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest
from town import Town

from shared.contracts.enrollment import AssignmentCreated, AssignmentRemoved
from shared.events import SYSTEM, Meta
from shared.store import Decision


@pytest.mark.feature("DIR-1")
def test_email_and_user_name_are_unique_regardless_of_letter_case(town: Town) -> None:
    town.person("Ada Lind")
    taken = town.post("/people", {"first_name": "A", "last_name": "L", "email": "ADA.lind@example.org"})
    assert (taken.status_code, taken.json()["field"]) == (409, "email")
    body = {"first_name": "A", "last_name": "L", "email": "other@example.org", "user_name": "Ada.Lind@example.org"}
    assert town.post("/people", body).json()["field"] == "user_name"
    assert town.events() == ["PersonRegistered"]


@pytest.mark.feature("DIR-1")
def test_two_who_register_one_email_at_the_same_moment_are_not_both_taken(town: Town) -> None:
    body = {"first_name": "A", "last_name": "L", "email": "twin@example.org"}
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: town.post("/people", body).status_code, range(6)))
    assert sorted(answers) == [201, 409, 409, 409, 409, 409]


@pytest.mark.feature("DIR-12", "DIR-1")
def test_names_and_addresses_are_in_the_profile_and_in_no_event(town: Town) -> None:
    id = town.person("Zoltan Quickly", external_id="HR77", country="HU")
    town.http.patch(f"/api/directory/people/{id}", json={"last_name": "Quirk"})
    with town.database.connection() as conn:
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
def test_the_profile_feed_shows_a_change_after_everything_older(town: Town) -> None:
    first, second = town.person("Ada Lind"), town.person("Bo Berg")
    town.http.patch(f"/api/directory/people/{first}", json={"email": "new@example.org"})
    with town.database.connection() as conn:
        rows = conn.execute("SELECT person_id FROM published_profiles ORDER BY position").fetchall()
    assert [str(id) for (id,) in rows] == [second, first]


@pytest.mark.feature("DIR-1")
def test_an_edit_of_a_stale_version_is_refused(town: Town) -> None:
    id = town.person()
    seen = town.get(f"/people/{id}").headers["ETag"]
    address = f"/api/directory/people/{id}"
    assert town.http.patch(address, json={"country": "SE"}, headers={"If-Match": seen}).status_code == 200
    stale = town.http.patch(address, json={"country": "NO"}, headers={"If-Match": seen})
    assert (stale.status_code, stale.json()["field"]) == (412, "If-Match")
    assert town.get(f"/people/{id}").json()["country"] == "SE"


@pytest.mark.feature("ASG-6", "DIR-1")
def test_a_command_id_sent_again_answers_the_same_and_with_other_content_is_refused(town: Town) -> None:
    body = {"first_name": "Ada", "last_name": "Lind", "email": "ada@example.org"}
    first = town.post("/people", body, **{"Idempotency-Key": "k1"})
    assert town.post("/people", body, **{"Idempotency-Key": "k1"}).json() == first.json()
    other = town.post("/people", {**body, "email": "b@example.org"}, **{"Idempotency-Key": "k1"})
    assert (other.status_code, other.json()["field"]) == (409, "Idempotency-Key")
    assert town.events() == ["PersonRegistered"]


@pytest.mark.feature("DIR-1")
def test_a_leaver_can_return_and_unknown_people_are_not_found(town: Town) -> None:
    id = town.person()
    assert town.post(f"/people/{id}/deactivate").status_code == 200
    assert town.get("/people", active="true").json()["items"] == []
    assert town.post(f"/people/{id}/deactivate").status_code == 409
    assert town.post(f"/people/{id}/reactivate").status_code == 200
    assert town.events() == ["PersonRegistered", "PersonDeactivated", "PersonReactivated"]
    assert town.post(f"/people/{uuid4()}/reactivate").json()["field"] == "person_id"


@pytest.mark.feature("DIR-3")
def test_units_form_trees_and_never_rings(town: Town) -> None:
    framework = town.framework()
    top = town.unit(framework, "Top")
    middle = town.unit(framework, "Middle", top)
    low = town.unit(framework, "Low", middle)
    ring = town.post(f"/units/{top}/move", {"parent_id": low})
    assert (ring.status_code, ring.json()["field"]) == (409, "parent_id")
    assert town.post(f"/units/{low}/move", {"parent_id": top}).status_code == 200
    assert {u["name"] for u in town.get("/units", parent_id=top).json()["items"]} == {"Middle", "Low"}
    other = town.framework(name="regional")
    elsewhere = town.unit(other, "Elsewhere")
    assert town.post(f"/units/{low}/move", {"parent_id": elsewhere}).status_code == 422


@pytest.mark.feature("DIR-3")
def test_a_unit_that_holds_people_or_children_is_not_removed(town: Town) -> None:
    framework = town.framework()
    top = town.unit(framework, "Top")
    low = town.unit(framework, "Low", top)
    person = town.person(home=low)
    for unit in (top, low):
        assert town.http.delete(f"/api/directory/units/{unit}").status_code == 409
    assert town.post(f"/people/{person}/move", {"organisation_id": top}).status_code == 200
    assert town.http.delete(f"/api/directory/units/{low}").status_code == 200
    assert town.get(f"/units/{low}").status_code == 404
    assert town.post(f"/people/{person}/move", {"organisation_id": low}).json()["field"] == "organisation_id"


@pytest.mark.feature("DIR-5", "DIR-4")
def test_a_manager_is_named_by_a_job_and_a_cycle_is_refused(town: Town) -> None:
    positions = town.framework("position", "roles")
    nurse = town.unit(positions, "Nurse")
    ada, bo, cleo = town.person("Ada Lind"), town.person("Bo Berg"), town.person("Cleo Moss")
    top = town.job(ada)
    middle = town.job(bo, manager_job=top, position=nurse)
    low = town.job(cleo, manager_job=middle)
    job = town.get(f"/people/{bo}").json()["jobs"][0]
    assert (job["manager"], job["position_name"]) == (ada, "Nurse")
    assert job["position_assigned_on"] is not None
    ring = town.http.put(f"/api/directory/people/{ada}/jobs/{top}", json={"external_id": "1", "manager_job": low})
    assert (ring.status_code, ring.json()["type"]) == (409, "urn:rollbook:problem:manager-cycle")
    own = town.http.put(f"/api/directory/people/{ada}/jobs/{top}", json={"external_id": "1", "manager_job": top})
    assert own.status_code == 422
    assert town.http.delete(f"/api/directory/people/{bo}/jobs/{middle}").status_code == 409
    assert town.http.delete(f"/api/directory/people/{cleo}/jobs/{low}").status_code == 200


@pytest.mark.feature("DIR-5", "DIR-3")
def test_two_edits_at_one_moment_close_no_ring(town: Town) -> None:
    framework = town.framework()
    for n in range(5):
        one, two = town.person(f"One N{n}"), town.person(f"Two N{n}")
        first, second = town.job(one), town.job(two)
        a, b = town.unit(framework, f"a{n}"), town.unit(framework, f"b{n}")
        address = "/api/directory/people/{0}/jobs/{1}".format
        with ThreadPoolExecutor(4) as pool:
            jobs = [
                pool.submit(town.http.put, address(one, first), json={"external_id": "1", "manager_job": second}),
                pool.submit(town.http.put, address(two, second), json={"external_id": "1", "manager_job": first}),
            ]
            units = [
                pool.submit(town.post, f"/units/{a}/move", {"parent_id": b}),
                pool.submit(town.post, f"/units/{b}/move", {"parent_id": a}),
            ]
            assert sorted(answer.result().status_code for answer in jobs) == [200, 409]
            assert sorted(answer.result().status_code for answer in units) == [200, 409]


@pytest.mark.feature("DIR-5")
def test_a_temporary_manager_needs_a_last_day_in_the_future(town: Town) -> None:
    ada, bo = town.person("Ada Lind"), town.person("Bo Berg")
    lead = town.job(ada)
    body = {"external_id": "1", "temporary_manager_job": lead, "temporary_until": "2001-01-01"}
    refused = town.post(f"/people/{bo}/jobs", body)
    assert (refused.status_code, refused.json()["field"]) == (422, "temporary_until")
    assert town.post(f"/people/{bo}/jobs", {**body, "temporary_until": "2999-01-01"}).status_code == 201


@pytest.mark.feature("DIR-6")
def test_people_join_and_leave_a_fixed_audience(town: Town) -> None:
    ada, bo = town.person("Ada Lind"), town.person("Bo Berg")
    id = town.made("/audiences", "audience_id", name="First aiders")
    answer = town.post(f"/audiences/{id}/members", {"add": [ada, bo, ada]})
    assert answer.json()["result"]["joined"] == 2
    assert town.post(f"/audiences/{id}/members", {"add": [ada], "remove": [bo]}).json()["result"]["left"] == 1
    assert [m["id"] for m in town.get(f"/audiences/{id}/members").json()["items"]] == [ada]
    assert town.events()[-3:] == ["AudienceCreated", "AudienceMembersAdded", "AudienceMembersRemoved"]
    assert town.post(f"/audiences/{id}/members", {"add": [str(uuid4())]}).status_code == 404
    assert town.post("/audiences", {"name": "first AIDERS"}).status_code == 409


@pytest.mark.feature("DIR-9", "SEC-2")
def test_people_are_found_by_parts_of_both_names_email_organisation_and_position(town: Town) -> None:
    framework, positions = town.framework(), town.framework("position", "roles")
    north = town.unit(framework, "North")
    east = town.unit(framework, "East", north)
    nurse = town.unit(positions, "Nurse")
    maria = town.person("Maria Stone", home=east)
    mark = town.person("Mark Stoner", home=north)
    town.person("Marta Bell")
    town.job(maria, position=nurse)

    def found(**asked: str) -> list[str]:
        return [p["first_name"] for p in town.post("/people/search", asked).json()["items"]]

    assert found(first_name="MAR", last_name="ston") == ["Maria", "Mark"]
    assert found(email="rta.be") == ["Marta"]
    assert found(organisation=north) == ["Mark"]
    assert found(organisation=north, include_below="true") == ["Maria", "Mark"]
    assert found(position=nurse) == ["Maria"]
    first = town.get("/people", limit="2").json()
    rest = town.get("/people", limit="2", cursor=first["next"]).json()
    assert [p["first_name"] for p in first["items"] + rest["items"]] == ["Marta", "Maria", "Mark"]
    assert rest["next"] is None
    assert town.get(f"/people/{mark}").json()["home_organisation_name"] == "North"


@pytest.mark.feature("SEC-2", "SEC-4")
def test_nothing_outside_the_callers_organisations_is_seen_or_changed(town: Town) -> None:
    framework = town.framework()
    north, south = town.unit(framework, "North"), town.unit(framework, "South")
    low = town.unit(framework, "Low", north)
    inside, outside = town.person("Ada Lind", low), town.person("Bo Berg", south)
    reader = town.client("auditor", north)
    people = reader.get("/api/directory/people").json()["items"]
    assert [p["id"] for p in people] == [inside]
    assert reader.get(f"/api/directory/people/{outside}").status_code == 404
    assert reader.get(f"/api/directory/units/{south}").status_code == 404
    refused = reader.post(f"/api/directory/people/{inside}/deactivate")
    assert (refused.status_code, refused.json()["permission"]) == (403, "manage-directory")
    manager = town.client("site-administrator", north)
    assert manager.post(f"/api/directory/people/{outside}/deactivate").status_code == 404
    moved = manager.post(f"/api/directory/people/{inside}/move", json={"organisation_id": south})
    assert moved.status_code == 404
    assert manager.post(f"/api/directory/people/{inside}/move", json={"organisation_id": north}).status_code == 200
    too_much = manager.post(f"/api/directory/people/{inside}/roles", json={"role": "auditor", "organisation": None})
    assert (too_much.status_code, too_much.json()["permission"]) == (403, "manage-directory")


@pytest.mark.feature("SEC-6", "SEC-1")
def test_every_change_of_permission_is_an_event_and_the_last_administrator_stays(town: Town) -> None:
    ada, bo = town.person("Ada Lind"), town.person("Bo Berg")
    role = {"role": "site-administrator", "organisation": None}
    assert town.post(f"/people/{ada}/roles", role).status_code == 201
    assert town.post(f"/people/{ada}/roles", role).status_code == 409
    address = f"/api/directory/people/{ada}/roles/site-administrator"
    assert town.http.delete(address).json()["type"] == "urn:rollbook:problem:last-site-administrator"
    assert town.post(f"/people/{ada}/deactivate").status_code == 409
    assert town.post(f"/people/{bo}/roles", role).status_code == 201
    assert town.http.delete(address).status_code == 200
    assert town.post(f"/people/{bo}/roles", {"role": "king"}).json()["field"] == "role"
    assert town.events()[2:] == ["PermissionRoleGranted", "PermissionRoleGranted", "PermissionRoleRevoked"]


@pytest.mark.feature("ASG-4", "DIR-9")
def test_everybody_in_a_result_is_selected_not_only_the_page_and_only_within_the_scope(town: Town) -> None:
    framework = town.framework()
    north, south = town.unit(framework, "North"), town.unit(framework, "South")
    inside = {town.person(f"Ann Berg{n}", north) for n in range(5)}
    outside = town.person("Ann Bergman", south)
    town.person("Bo Lind", north)
    assert set(town.post("/people/selection", {"last_name": "berg"}).json()["people"]) == {*inside, outside}
    reader = town.client("enrollment-manager", north)
    answer = reader.post("/api/directory/people/selection", json={"last_name": "berg"})
    assert set(answer.json()["people"]) == inside


@pytest.mark.feature("DIR-12", "DIR-9")
def test_names_are_refused_in_addresses_and_cursors_hold_none(town: Town) -> None:
    refused = town.get("/people", last_name="Lind")
    assert (refused.status_code, refused.json()["field"]) == (422, "query.last_name")
    town.person("Ada Lind")
    town.person("Bo Lindberg")
    page = town.get("/people", limit="1").json()
    assert "lind" not in base64.urlsafe_b64decode(page["next"] + "==").decode().lower()


@pytest.mark.feature("ASG-10")
def test_a_unit_that_has_assignments_is_removed_only_after_they_have_been_previewed_and_removed(town: Town) -> None:
    unit = town.unit(town.framework(), "North")
    assignment, meta = uuid4(), Meta(actor=SYSTEM, correlation=uuid4())
    created = AssignmentCreated(
        originator_id=assignment,
        originator_version=1,
        offering_id=uuid4(),
        type="organisation",
        target_id=UUID(unit),
        include_below=False,
    )
    town.enrollment.append([Decision((created,), meta)])
    town.consumer.step()
    refused = town.http.delete(f"/api/directory/units/{unit}")
    assert (refused.status_code, refused.json()["assignments"]) == (409, 1)
    assert "/api/enrollment/previews" in refused.json()["detail"]
    removed = AssignmentRemoved(originator_id=assignment, originator_version=2)
    town.enrollment.append([Decision((removed,), meta)])
    town.consumer.step()
    assert town.http.delete(f"/api/directory/units/{unit}").status_code == 200
