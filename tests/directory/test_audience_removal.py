"""An audience goes when it has no assignments any more (ASG-10)."""

from uuid import UUID, uuid4

import pytest
from town import Town

from services.directory.application import audiences
from shared.contracts.enrollment import AssignmentCreated, AssignmentRemoved
from shared.events import SYSTEM, Event, Meta
from shared.store import Decision


def assigned(town: Town, audience: str) -> UUID:
    """Enrollment has assigned it."""
    id = uuid4()
    target = {"type": "audience", "target_id": UUID(audience), "include_below": False}
    tell(town, AssignmentCreated(originator_id=id, originator_version=1, offering_id=uuid4(), **target))  # type: ignore[arg-type]
    return id


def tell(town: Town, event: Event) -> None:
    town.enrollment.append([Decision((event,), Meta(actor=SYSTEM, correlation=uuid4()))])
    town.consumer.step()


@pytest.mark.feature("ASG-10", "DIR-6")
def test_it_is_removed_only_after_its_assignments_and_its_members_leave_it(town: Town) -> None:
    id = town.made("/audiences", "audience_id", name="Staff")
    people = [town.person("Ada Lind"), town.person("Bo Berg")]
    town.post(f"/audiences/{id}/members", {"add": people})
    assignment = assigned(town, id)
    refused = town.http.delete(f"/api/directory/audiences/{id}")
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (409, "audience-assigned")
    assert (refused.json()["assignments"], "/api/enrollment/previews" in refused.json()["detail"]) == (1, True)
    tell(town, AssignmentRemoved(originator_id=assignment, originator_version=2))
    stale = town.http.delete(f"/api/directory/audiences/{id}", headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    done = [
        town.http.delete(f"/api/directory/audiences/{id}", headers={"Idempotency-Key": "once"}).json() for _ in range(2)
    ]
    assert (done[0]["result"], done[0]) == ({"audience_id": id, "left": 2}, done[1])
    assert town.events()[-2:] == ["AudienceMembersRemoved", "AudienceRemoved"]
    assert town.get(f"/audiences/{id}").status_code == 404
    assert town.get("/audiences").json()["items"] == []
    assert town.get(f"/audiences/{id}/members").json()["items"] == []
    assert town.post(f"/audiences/{id}/members", {"add": people}).status_code == 404
    again = town.made("/audiences", "audience_id", name="Staff")
    assert town.get(f"/audiences/{again}").json()["members"] == 0


@pytest.mark.feature("ASG-10", "DIR-6", "SEC-2")
def test_one_that_follows_a_rule_is_removed_too_by_who_manages_everything(town: Town) -> None:
    rule = {"countries": ["SE"]}
    id = town.made("/audiences", "audience_id", name="Swedes", rule=rule)
    north = town.unit(town.framework(), "North")
    local = town.client("site-administrator", north)
    assert local.delete(f"/api/directory/audiences/{id}").status_code == 403
    assert town.http.delete(f"/api/directory/audiences/{id}").status_code == 200
    town.person("Ada Lind", country="SE")
    assert town.http.put(f"/api/directory/audiences/{id}/rule", json=rule).status_code == 404
    assert town.http.delete(f"/api/directory/audiences/{id}").status_code == 404


@pytest.mark.feature("ASG-10")
def test_an_assignment_that_comes_at_this_moment_is_seen_under_the_lock(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = town.made("/audiences", "audience_id", name="Staff")
    members = audiences.queries.members

    def meanwhile(*given: object) -> list[UUID]:
        found = members(*given)  # type: ignore[arg-type]
        assigned(town, id)
        return found

    monkeypatch.setattr(audiences.queries, "members", meanwhile)
    refused = town.http.delete(f"/api/directory/audiences/{id}")
    assert (refused.status_code, town.get(f"/audiences/{id}").status_code) == (409, 200)
