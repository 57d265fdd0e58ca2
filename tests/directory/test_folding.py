"""Names and keys regardless of case (DIR-1, DIR-9): one folding for keys, search and sign-in, and invisible characters."""

import pytest
from directory.harness import Harness
from structlog.testing import capture_logs

from shared.database import migrate

PASSWORD = "correct horse battery"


@pytest.mark.feature("DIR-1")
@pytest.mark.parametrize(
    ("first", "second"),
    [("nikos-ΟΔΟΣ", "nikos-οδοσ"), ("nikos-οδος", "nikos-ΟΔΟΣ"), ("ana-strasse", "ana-STRAßE"), ("jose\u0301", "JOSÉ")],
)
def test_addresses_that_differ_in_case_only_are_one_in_every_script(harness: Harness, first: str, second: str) -> None:
    harness.person("Ada Lind", email=f"{first}@example.org", user_name="ada")
    body = {"first_name": "Bo", "last_name": "Berg", "email": f"{second}@example.org", "user_name": "bo"}
    answer = harness.post("/people", body)
    assert (answer.status_code, answer.json().get("field")) == (409, "email")


@pytest.mark.feature("DIR-9")
@pytest.mark.parametrize(
    ("kept", "typed"),
    [("ΠΑΠΑΔΟΠΟΥΛΟΣ", "παπαδοπουλος"), ("Jose\u0301", "JOSÉ"), ("Groß", "gross"), ("Pa\u00adpas", "papas")],
)
def test_a_name_is_found_however_it_was_typed(harness: Harness, kept: str, typed: str) -> None:
    harness.person("Ada Lind")
    id = harness.person("Bo Berg", last_name=kept)
    found = harness.post("/people/search", {"last_name": typed}).json()["items"]
    assert [p["id"] for p in found] == [id]


@pytest.mark.feature("DIR-1")
@pytest.mark.parametrize("character", ["\u200b", "\ufeff", "\u2060", "\u200e", "\u202a", "\u2069", "\u00ad"])
def test_invisible_characters_are_stripped_from_keys_and_refused_within(harness: Harness, character: str) -> None:
    id = harness.person("Ada Lind", external_id=f"{character}E1 {character}", user_name=f"ada{character}")
    person = harness.get(f"/people/{id}").json()
    assert (person["external_id"], person["user_name"]) == ("E1", "ada")
    for field, value in (
        ("external_id", f"E{character}2"),
        ("user_name", f"b{character}o"),
        ("email", f"b{character}o@x.org"),
    ):
        body = {"first_name": "Bo", "last_name": "Berg", "email": "bo@example.org", field: value}
        answer = harness.post("/people", body)
        assert (answer.status_code, answer.json()["field"]) == (422, field)
        assert f"U+{ord(character):04X}" in answer.json()["detail"]
    unit = {"framework_id": harness.framework(), "name": "North", "external_id": f"n{character}1"}
    assert harness.post("/units", unit).status_code == 422


@pytest.mark.feature("SEC-3")
def test_who_signs_in_types_the_name_as_it_comes(harness: Harness) -> None:
    id = harness.person("Ada Lind", user_name="οδος")
    harness.http.put(f"/api/directory/people/{id}/password", json={"password": PASSWORD})
    for typed in ("ΟΔΟΣ", "οδοσ", " οδος\u200b "):
        form = {"grant_type": "password", "username": typed, "password": PASSWORD}
        assert harness.http.post("/api/directory/token", data=form).status_code == 200, typed


@pytest.mark.feature("DIR-3", "DIR-6")
def test_units_and_audiences_are_found_by_a_part_of_the_name_in_any_case(harness: Harness) -> None:
    harness.unit(harness.framework(), "ΟΔΟΣ")
    assert [u["name"] for u in harness.get("/units", name="οδος").json()["items"]] == ["ΟΔΟΣ"]
    harness.made("/audiences", "audience_id", name="ΟΔΟΣ")
    assert [a["name"] for a in harness.get("/audiences", name="οδος").json()["items"]] == ["ΟΔΟΣ"]
    assert harness.post("/audiences", {"name": "οδοσ"}).status_code == 409


@pytest.mark.feature("DIR-1", "DIR-9")
def test_an_older_database_is_folded_when_it_is_migrated_and_the_older_of_two_keeps_the_key(harness: Harness) -> None:
    older = harness.person("Ada Lind", email="ana-strasse@example.org", user_name="ana-strasse")
    younger = harness.person("Bo Berg", last_name="ΠΑΠΑΣ")
    harness.http.put(f"/api/directory/people/{younger}/password", json={"password": PASSWORD})
    with harness.database.connection() as conn:
        before = conn.execute("SELECT position FROM profile ORDER BY id").fetchall()
        conn.execute(
            "UPDATE profile SET email = 'ana-straße@example.org', user_name = 'ana-straße' WHERE id = %s", [younger]
        )
        conn.execute("UPDATE profile SET first_name_folded = NULL, last_name_folded = NULL")
        conn.execute("UPDATE profile SET email_folded = NULL, user_name_folded = NULL")
    with capture_logs() as logs:
        migrate(harness.database.conninfo, "services.directory")
    with harness.database.connection() as conn:
        rows = conn.execute("SELECT id::text, email_folded, user_name_folded FROM profile").fetchall()
        after = conn.execute("SELECT position FROM profile ORDER BY id").fetchall()
    assert {id: (email, name) for id, email, name in rows} == {
        older: ("ana-strasse@example.org", "ana-strasse"),
        younger: (None, None),
    }
    assert after == before
    told = str(logs)
    assert (younger in told, older in told, "ana-stra" in told) == (True, False, False)
    found = harness.post("/people/search", {"last_name": "παπας"}).json()["items"]
    assert [p["id"] for p in found] == [younger]
    form = {"grant_type": "password", "username": "ana-straße", "password": PASSWORD}
    assert harness.http.post("/api/directory/token", data=form).status_code == 200
