"""Completions that a person records or takes back, certificates and badges (ENR-10 to ENR-12)."""

import io
from datetime import date, timedelta
from uuid import UUID

import pytest
from enrollment.harness import Harness
from fastapi.testclient import TestClient
from pypdf import PdfReader

TODAY = date.today()
CERTIFICATES = "/api/enrollment/certificates"


@pytest.fixture
def anyone(harness: Harness) -> TestClient:
    """Without any sign-in."""
    return TestClient(harness.service.app)


def record(harness: Harness, person: UUID, offering: UUID, day: date, **more: object) -> tuple[int, dict[str, object]]:
    body = {"person_id": str(person), "offering_id": str(offering), "completed_on": str(day), **more}
    answer = harness.http.post("/api/enrollment/completions", json=body)
    return answer.status_code, answer.json()


def certified(harness: Harness, name: str = "Ada Lovelace", **more: object) -> tuple[UUID, str, str]:
    """Who has completed a course with a certificate; the enrollment, and the serial."""
    first, last = name.split(" ", 1)
    ada = harness.named(first, last, "ada@example.org")
    course = harness.course("First aid", 1, **{"certificate": "plain", **more})
    harness.settle()
    id = harness.enroll(ada, course)
    return ada, id, str(harness.did(id, "steps/1/complete")["serial"])


@pytest.mark.feature("ENR-10")
def test_anyone_with_the_serial_verifies_it_and_a_forged_one_is_refused(harness: Harness, anyone: TestClient) -> None:
    _, _, serial = certified(harness)
    found = anyone.get(f"{CERTIFICATES}/{serial}").json()
    assert (found["state"], found["learner"], found["offering"]) == ("valid", "Ada Lovelace", "First aid")
    assert (found["completed_on"], found["valid_until"]) == (str(TODAY), None)
    forged = serial[:-1] + ("A" if serial[-1] != "A" else "B")
    answer = anyone.get(f"{CERTIFICATES}/{forged}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert anyone.get(f"{CERTIFICATES}/{serial}/document").status_code == 401


@pytest.mark.feature("ENR-10")
def test_the_learner_prints_the_certificate_and_a_stranger_does_not(harness: Harness) -> None:
    ada, _, serial = certified(harness)
    answer = harness.client(ada).get(f"{CERTIFICATES}/{serial}/document")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    text = PdfReader(io.BytesIO(answer.content)).pages[0].extract_text()
    for words in ("Ada Lovelace", "First aid", serial, f"/verify/{serial}"):
        assert words in text
    assert harness.client(harness.person()).get(f"{CERTIFICATES}/{serial}/document").status_code == 404


@pytest.mark.feature("ENR-12", "ENR-10", "ENR-1")
def test_a_revoked_certificate_says_so_with_the_reason(harness: Harness, anyone: TestClient) -> None:
    ada, id, serial = certified(harness)
    address = f"{CERTIFICATES}/{serial}/revoke"
    assert harness.client(ada).post(address, json={"reason": "Mine."}).status_code == 403
    assert harness.http.post(address, json={"reason": ""}).status_code == 422
    assert harness.http.post(address, json={"reason": "Somebody else took the exam."}).status_code == 200
    found = anyone.get(f"{CERTIFICATES}/{serial}").json()
    assert (found["state"], found["reason"]) == ("revoked", "Somebody else took the exam.")
    assert harness.show(id)["next_action"] is None
    assert harness.http.get(f"{CERTIFICATES}/{serial}/document").status_code == 409
    again = harness.http.post(address, json={"reason": "Somebody else took the exam."})
    assert again.status_code == 200
    assert harness.told().count("CertificateRevoked") == 1


@pytest.mark.feature("ENR-12")
def test_an_administrator_records_a_completion_and_takes_it_back(harness: Harness, anyone: TestClient) -> None:
    ada, course = (
        harness.named("Ada", "Lovelace", "ada@example.org"),
        harness.course("First aid", 1, certificate="plain"),
    )
    harness.settle()
    day, until = TODAY - timedelta(days=30), TODAY + timedelta(days=300)
    assert record(harness, ada, course, TODAY + timedelta(days=1))[0] == 422
    assert record(harness, ada, course, day, valid_until=str(day - timedelta(days=1)))[0] == 422
    status, answer = record(harness, ada, course, day, valid_until=str(until), evidence="Folder 7")
    assert status == 201, answer
    (found,) = harness.enrollments(person_id=ada)
    assert (found["status"], found["term"], found["valid_until"]) == ("completed", 0, str(until))
    assert record(harness, ada, course, day, valid_until=str(until))[0] == 201
    assert harness.told(of=[ada]).count("EnrollmentCompleted") == 1
    assert record(harness, ada, course, day - timedelta(days=1))[0] == 409
    id, serial = str(found["id"]), str(found["serial"])
    harness.on(until + timedelta(days=1))
    assert harness.show(id)["status"] == "certification-expired"
    assert anyone.get(f"{CERTIFICATES}/{serial}").json()["state"] == "expired"
    harness.on(TODAY)
    assert harness.did(id, "completion/take-back", reason="Wrong person.")["status"] == "not-enrolled"
    assert anyone.get(f"{CERTIFICATES}/{serial}").json()["state"] == "revoked"
    assert harness.refused(id, "completion/take-back", reason="Wrong person.") == "not-completed"
    with harness.database.connection() as conn:
        texts = conn.execute("SELECT text FROM personal_text WHERE subject = %s ORDER BY text", [ada]).fetchall()
    assert texts == [("Folder 7",), ("Wrong person.",)]


@pytest.mark.feature("ENR-12", "ENR-1")
def test_who_is_assigned_after_a_recorded_completion_holds_it_and_after_its_end_begins_anew(harness: Harness) -> None:
    (ada, bob), course = harness.people(2), harness.course("First aid", 1)
    harness.settle()
    record(harness, ada, course, TODAY, valid_until=str(TODAY + timedelta(days=100)))
    record(harness, bob, course, TODAY - timedelta(days=9), valid_until=str(TODAY - timedelta(days=1)))
    assert harness.show(harness.enroll(ada, course))["status"] == "completed"
    found = harness.show(harness.enroll(bob, course))
    assert (found["status"], found["completed_at"]) == ("not-started", None)


@pytest.mark.feature("ENR-12", "SEC-2")
def test_completions_outside_the_callers_organisations_are_not_there(harness: Harness) -> None:
    north, south = harness.unit("North"), harness.unit("South")
    ada, course = harness.person(north), harness.course("First aid", 1)
    harness.settle()
    id = harness.enroll(ada, course)
    manager = harness.client(harness.person(), ("enrollment-manager", south))
    body = {"person_id": str(ada), "offering_id": str(course), "completed_on": str(TODAY)}
    own = harness.client(ada, ("site-administrator", None)).post("/api/enrollment/completions", json=body)
    assert (own.status_code, own.json()["type"].endswith("own-enrollment")) == (403, True)
    assert manager.post("/api/enrollment/completions", json=body).status_code == 404
    assert harness.refused(id, "completion/take-back", manager, reason="x") == "not-found"


@pytest.mark.feature("ENR-11")
def test_a_badge_is_an_achievement_with_an_address_to_share(harness: Harness, anyone: TestClient) -> None:
    ada, _, serial = certified(harness, certificate=None, badge="Lifesaver")
    (found,) = harness.client(ada).get("/api/enrollment/achievements").json()["items"]
    assert (found["badge"], found["title"], found["earned_on"]) == ("Lifesaver", "First aid", str(TODAY))
    assert found["share"].endswith(f"/verify/{serial}")
    assert anyone.get(f"{CERTIFICATES}/{serial}").json()["state"] == "valid"
    stranger = harness.client(harness.person())
    assert stranger.get("/api/enrollment/achievements", params={"person_id": str(ada)}).status_code == 403
    assert stranger.get("/api/enrollment/achievements").json()["items"] == []
