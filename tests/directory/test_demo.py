"""The demo company comes through the ordinary import."""

import pytest
from directory.harness import Harness

from services.directory.demo import PASSWORD, ensure_site_administrator, populate
from services.directory.demo_company import Company
from services.directory.main import build_parts


@pytest.mark.feature("DIR-8", "DIR-3", "DIR-4", "OPS-1")
def test_the_demo_company_has_people_structure_managers_and_sign_ins(harness: Harness) -> None:
    settings = harness.settings.model_copy(update={"import_chunk": 500})
    parts = build_parts(settings, harness.database)
    sign_ins = populate(parts, 300)
    assert len(harness.get("/people", limit="500").json()["items"]) == 301
    assert [f["external_id"] for f in harness.get("/frameworks").json()] == [
        "legal",
        "projects",
        "regional",
        "grades",
        "roles",
    ]
    with harness.database.connection() as conn:
        row = conn.execute(
            "SELECT count(*), count(manager_job) FROM job_assignment WHERE external_id = 'main'"
        ).fetchone()
        skipped = conn.execute("SELECT count(*) FROM import_row WHERE outcome = 'skipped'").fetchone()
    assert row == (300, 299)
    assert skipped == (0,)
    assert len({one.user_name for one in sign_ins}) == len(sign_ins) > 1
    for one in sign_ins:
        form = {"username": one.user_name, "password": one.password}
        assert harness.http.post("/api/directory/token", data=form).status_code == 200, one.what
    assert sign_ins[0].what == "site administrator"
    before = harness.events()
    assert populate(parts, 300) == sign_ins
    assert harness.events() == before


@pytest.mark.feature("OPS-1")
def test_a_directory_with_other_people_gets_no_demo_company(harness: Harness) -> None:
    harness.person("Ada Lind")
    parts = build_parts(harness.settings, harness.database)
    ensure_site_administrator(parts)
    before = harness.events()
    assert [one.user_name for one in populate(parts, 300)] == ["admin"]
    assert harness.events() == before


def test_the_same_seed_gives_the_same_company_and_another_seed_another() -> None:
    assert list(Company(50, 1).user(1, 50)) == list(Company(50, 1).user(1, 50))
    assert list(Company(50, 1).user(1, 50)) != list(Company(50, 2).user(1, 50))


@pytest.mark.feature("SEC-3")
def test_the_first_site_administrator_is_made_once(harness: Harness) -> None:
    parts = build_parts(harness.settings, harness.database)
    assert ensure_site_administrator(parts) == ensure_site_administrator(parts)
    assert harness.events() == ["PersonRegistered", "PermissionRoleGranted"]
    form = {"username": "admin", "password": PASSWORD}
    assert harness.http.post("/api/directory/token", data=form).status_code == 200
