"""Who administers one organisation changes nobody whose permission roles reach further (SEC-2, SEC-4, SEC-6)."""

from collections.abc import Callable, Mapping

import pytest
from directory.harness import Harness
from httpx import Response

PASSWORD = "a long password"
ROOT = "site-administrator"
Send = Callable[["Borough", str], Response]


class Borough:
    """North with Ward below, South; a caller who administers North, and people of Ward with different roles."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        framework = harness.framework()
        self.north, self.south = harness.unit(framework, "North"), harness.unit(framework, "South")
        self.ward = harness.unit(framework, "Ward", self.north)
        self.positions = harness.framework("position", "jobs")
        self.caller = harness.client(ROOT, self.north)
        self.root = harness.person("Ruth Root", self.ward)
        self.grant(self.root, ROOT, None)
        self.grant(harness.person("Otto Other", self.ward), ROOT, None)
        self.ahead = harness.person("Hans Ahead", self.ward)
        self.grant(self.ahead, "enrollment-manager", self.south)
        self.local = harness.person("Lara Local", self.ward)
        self.grant(self.local, "enrollment-manager", self.north)
        self.learner = harness.person("Lena Learner", self.ward)

    def grant(self, person: str, role: str, organisation: str | None) -> None:
        answer = self.harness.post(f"/people/{person}/roles", {"role": role, "organisation": organisation})
        assert answer.status_code == 201, answer.text

    def send(self, method: str, path: str, body: object = None) -> Response:
        return self.caller.request(method, f"{self.harness.address}{path}", json=body)


@pytest.fixture
def borough(harness: Harness) -> Borough:
    return Borough(harness)


COMMANDS: Mapping[str, tuple[Send, int]] = {
    "rename the sign-in": (lambda b, id: b.send("PATCH", f"/people/{id}", {"user_name": "mine"}), 200),
    "another e-mail": (lambda b, id: b.send("PATCH", f"/people/{id}", {"email": "mine@example.org"}), 200),
    "another name": (lambda b, id: b.send("PATCH", f"/people/{id}", {"last_name": "Nobody"}), 200),
    "another external id": (lambda b, id: b.send("PATCH", f"/people/{id}", {"external_id": "E1"}), 200),
    "reset the password": (lambda b, id: b.send("PUT", f"/people/{id}/password", {"password": PASSWORD}), 204),
    "deactivate": (lambda b, id: b.send("POST", f"/people/{id}/deactivate"), 200),
    "move within": (lambda b, id: b.send("POST", f"/people/{id}/move", {"organisation_id": b.north}), 200),
}


@pytest.mark.feature("SEC-2", "SEC-4")
@pytest.mark.parametrize("name", COMMANDS)
def test_an_administrator_of_everything_is_changed_only_by_one_of_everything(borough: Borough, name: str) -> None:
    send, status = COMMANDS[name]
    before = borough.harness.events()
    for person in (borough.root, borough.ahead):
        profile = borough.harness.get(f"/people/{person}").json()
        refused = send(borough, person)
        assert (refused.status_code, refused.json()["permission"]) == (403, "manage-directory"), refused.text
        assert "Ask a site administrator" in refused.json()["detail"]
        assert borough.harness.get(f"/people/{person}").json() == profile
    assert borough.harness.events() == before
    with borough.harness.database.connection() as conn:
        assert conn.execute("SELECT count(*) FROM account").fetchone() == (0,)
    allowed = send(borough, borough.local)
    assert allowed.status_code == status, allowed.text


@pytest.mark.feature("SEC-2", "SEC-4")
def test_one_who_left_is_brought_back_with_roles_for_everything_only_by_one_of_everything(borough: Borough) -> None:
    for person in (borough.root, borough.local):
        assert borough.harness.post(f"/people/{person}/deactivate").status_code == 200
    assert borough.send("POST", f"/people/{borough.root}/reactivate").status_code == 403
    assert borough.send("POST", f"/people/{borough.local}/reactivate").status_code == 200


@pytest.mark.feature("SEC-2", "SEC-4", "SEC-6")
def test_roles_are_given_and_taken_only_within_the_own_organisations(borough: Borough) -> None:
    def give(person: str, organisation: str | None) -> Response:
        return borough.send("POST", f"/people/{person}/roles", {"role": "auditor", "organisation": organisation})

    def take(person: str, role: str, organisation: str | None) -> Response:
        where = f"?organisation={organisation}" if organisation else ""
        return borough.send("DELETE", f"/people/{person}/roles/{role}{where}")

    before = borough.harness.events()
    for refused in (give(borough.learner, None), take(borough.root, ROOT, None)):
        assert (refused.status_code, refused.json().get("permission")) == (403, "manage-directory"), refused.text
    assert give(borough.learner, borough.south).status_code == 404
    assert take(borough.ahead, "enrollment-manager", borough.south).status_code == 404
    assert borough.harness.events() == before
    assert give(borough.learner, borough.ward).status_code == 201
    assert take(borough.local, "enrollment-manager", borough.north).status_code == 200


@pytest.mark.feature("SEC-2", "SEC-4")
def test_nobody_is_moved_out_of_or_into_the_own_organisations_from_elsewhere(borough: Borough) -> None:
    stranger = borough.harness.person("Sven South", borough.south)
    before = borough.harness.events()
    assert borough.send("POST", f"/people/{stranger}/move", {"organisation_id": borough.north}).status_code == 404
    out = borough.send("POST", f"/people/{borough.learner}/move", {"organisation_id": borough.south})
    assert (out.status_code, out.json()["field"]) == (404, "organisation_id")
    nowhere = borough.send("POST", f"/people/{borough.learner}/move", {"organisation_id": None})
    assert (nowhere.status_code, nowhere.json()["permission"]) == (403, "manage-directory")
    assert borough.harness.events() == before
    within = borough.send("POST", f"/people/{borough.learner}/move", {"organisation_id": borough.north})
    assert within.status_code == 200


@pytest.mark.feature("SEC-2", "SEC-4")
def test_audiences_positions_and_imports_reach_everybody_so_they_are_managed_for_everything(borough: Borough) -> None:
    audience = borough.harness.made("/audiences", "audience_id", name="First aiders")
    nurse = borough.harness.unit(borough.positions, "Nurse")
    before = borough.harness.events()
    unit = {"framework_id": borough.positions, "parent_id": nurse, "name": "Ward nurse", "external_id": "WN"}
    refusals = {
        "members": borough.send("POST", f"/audiences/{audience}/members", {"add": [borough.learner]}),
        "removal": borough.send("DELETE", f"/audiences/{audience}"),
        "rename a position": borough.send("PATCH", f"/units/{nurse}", {"name": "Carer"}),
        "position below": borough.send("POST", "/units", unit),
        "import": borough.caller.post(
            f"{borough.harness.address}/imports", files={"user": ("user.csv", b"idnumber\n")}
        ),
    }
    assert {name: answer.status_code for name, answer in refusals.items()} == dict.fromkeys(refusals, 403)
    assert borough.harness.events() == before
    office = {
        "framework_id": borough.harness.framework(name="more"),
        "parent_id": None,
        "name": "X",
        "external_id": "X",
    }
    assert borough.send("POST", "/units", office).status_code == 403
