"""An audience goes when it has no assignments any more (ASG-10)."""

from uuid import UUID, uuid4

import pytest
from directory.harness import Harness

from services.directory.application import audiences
from shared.contracts.enrollment import AssignmentCreated, AssignmentRemoved
from shared.events import SYSTEM, Event, Meta
from shared.store import Decision


def assigned(harness: Harness, audience: str) -> UUID:
    """Enrollment has assigned it."""
    id = uuid4()
    target = {"type": "audience", "target_id": UUID(audience), "include_below": False}
    tell(harness, AssignmentCreated(originator_id=id, originator_version=1, offering_id=uuid4(), **target))  # type: ignore[arg-type]
    return id


def tell(harness: Harness, event: Event) -> None:
    harness.enrollment.append([Decision((event,), Meta(actor=SYSTEM, correlation=uuid4()))])
    harness.consumer.step()


@pytest.mark.feature("ASG-10", "DIR-6")
def test_it_is_removed_only_after_its_assignments_and_its_members_leave_it(harness: Harness) -> None:
    id = harness.made("/audiences", "audience_id", name="Staff")
    people = [harness.person("Ada Lind"), harness.person("Bo Berg")]
    harness.post(f"/audiences/{id}/members", {"add": people})
    assignment = assigned(harness, id)
    refused = harness.http.delete(f"/api/directory/audiences/{id}")
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (409, "audience-has-assignments")
    assert (refused.json()["assignments"], "/api/enrollment/previews" in refused.json()["detail"]) == (1, True)
    tell(harness, AssignmentRemoved(originator_id=assignment, originator_version=2))
    stale = harness.http.delete(f"/api/directory/audiences/{id}", headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    done = [
        harness.http.delete(f"/api/directory/audiences/{id}", headers={"Idempotency-Key": "once"}).json()
        for _ in range(2)
    ]
    assert (done[0]["result"], done[0]) == ({"audience_id": id, "left": 2}, done[1])
    assert harness.events()[-2:] == ["AudienceMembersRemoved", "AudienceRemoved"]
    assert harness.get(f"/audiences/{id}").status_code == 404
    assert harness.get("/audiences").json()["items"] == []
    assert harness.get(f"/audiences/{id}/members").json()["items"] == []
    assert harness.post(f"/audiences/{id}/members", {"add": people}).status_code == 404
    again = harness.made("/audiences", "audience_id", name="Staff")
    assert harness.get(f"/audiences/{again}").json()["members"] == 0


@pytest.mark.feature("ASG-10", "DIR-6", "SEC-2")
def test_one_that_follows_a_rule_is_removed_too_by_who_manages_everything(harness: Harness) -> None:
    rule = {"countries": ["SE"]}
    id = harness.made("/audiences", "audience_id", name="Swedes", rule=rule)
    north = harness.unit(harness.framework(), "North")
    local = harness.client("site-administrator", north)
    assert local.delete(f"/api/directory/audiences/{id}").status_code == 403
    assert harness.http.delete(f"/api/directory/audiences/{id}").status_code == 200
    harness.person("Ada Lind", country="SE")
    assert harness.http.put(f"/api/directory/audiences/{id}/rule", json=rule).status_code == 404
    assert harness.http.delete(f"/api/directory/audiences/{id}").status_code == 404


@pytest.mark.feature("ASG-10")
def test_an_assignment_that_comes_at_this_moment_is_seen_under_the_lock(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = harness.made("/audiences", "audience_id", name="Staff")
    members = audiences.queries.members

    def meanwhile(*given: object) -> list[UUID]:
        found = members(*given)  # type: ignore[arg-type]
        assigned(harness, id)
        return found

    monkeypatch.setattr(audiences.queries, "members", meanwhile)
    refused = harness.http.delete(f"/api/directory/audiences/{id}")
    assert (refused.status_code, harness.get(f"/audiences/{id}").status_code) == (409, 200)
