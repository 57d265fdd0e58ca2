"""Units as a picker shows them: where each one is, and how many people it has."""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from directory.harness import Harness

TODAY = datetime.now(UTC).date()


class Trees(NamedTuple):
    """Group > Care > Ward and Group > Rail in one framework, Ward in another; ranks with Nurse."""

    harness: Harness
    group: str
    care: str
    ward: str
    rail: str
    other_ward: str
    nurse: str


@pytest.fixture
def trees(harness: Harness) -> Trees:
    legal, costs, ranks = harness.framework(), harness.framework(name="costs"), harness.framework("position", "ranks")
    group = harness.unit(legal, "Group")
    care = harness.unit(legal, "Care", group)
    ward, rail = harness.unit(legal, "Ward", care), harness.unit(legal, "Rail", group)
    other = harness.made("/units", "unit_id", framework_id=costs, name="Ward", external_id="ward-of-costs")
    found = Trees(harness, group, care, ward, rail, other, harness.unit(ranks, "Nurse", harness.unit(ranks, "Staff")))
    harness.person("Ann A", ward)
    harness.person("Ben B", care)
    harness.person("Cia C", rail)
    return found


def listed(trees: Trees, **asked: Any) -> dict[str, dict[str, Any]]:
    answer = trees.harness.http.get("/api/directory/units", params=asked)
    assert answer.status_code == 200, answer.text
    return {unit["id"]: unit for unit in answer.json()["items"]}


@pytest.mark.feature("ADM-2")
def test_every_result_of_a_search_over_all_frameworks_has_its_path(trees: Trees) -> None:
    found = listed(trees, name="ward")
    assert {id: unit["path"] for id, unit in found.items()} == {trees.ward: ["Group", "Care"], trees.other_ward: []}
    assert [unit["path"] for unit in listed(trees, name="nurse").values()] == [["Staff"]]
    assert trees.harness.get(f"/units/{trees.ward}").json()["path"] == ["Group", "Care"]


@pytest.mark.feature("ADM-2", "SEC-2")
def test_a_path_begins_where_the_own_organisations_begin(trees: Trees) -> None:
    of_care = trees.harness.client("enrollment-manager", trees.care)
    (ward,) = of_care.get("/api/directory/units", params={"name": "Ward"}).json()["items"]
    assert ward["path"] == ["Care"]
    (nurse,) = of_care.get("/api/directory/units", params={"name": "Nurse"}).json()["items"]
    assert nurse["path"] == ["Staff"], "positions are common to all"


@pytest.mark.feature("ADM-2", "SEC-2")
def test_the_top_of_a_framework_is_the_topmost_that_the_caller_may_see(trees: Trees) -> None:
    framework = trees.harness.get(f"/units/{trees.care}").json()["framework_id"]
    asked = {"framework_id": framework, "top": True}
    assert set(listed(trees, **asked)) == {trees.group}
    of_care = trees.harness.client("enrollment-manager", trees.care)
    (care,) = of_care.get("/api/directory/units", params=asked).json()["items"]
    assert care["id"] == trees.care
    ranks = trees.harness.get(f"/units/{trees.nurse}").json()["framework_id"]
    (staff,) = of_care.get("/api/directory/units", params={"framework_id": ranks, "top": True}).json()["items"]
    assert staff["name"] == "Staff", "positions are common to all"


@pytest.mark.feature("ADM-2")
def test_units_tell_how_many_people_they_have_here_and_below(trees: Trees) -> None:
    def numbers() -> dict[str, tuple[int, int]]:
        ids = [trees.group, trees.care, trees.ward, trees.rail, trees.other_ward, trees.nurse]
        return {id: (u["people"], u["people_below"]) for id, u in listed(trees, ids=ids, count=True).items()}

    none = (0, 0)
    before = {trees.group: (0, 3), trees.care: (1, 2), trees.ward: (1, 1), trees.rail: (1, 1)}
    assert numbers() == {**before, trees.other_ward: none, trees.nurse: none}
    (cia,) = trees.harness.post("/people/search", {"first_name": "Cia"}).json()["items"]
    trees.harness.job(cia["id"], organisation=trees.ward, position=trees.nurse)
    trees.harness.job(cia["id"], "late", organisation=trees.care, starts=f"{TODAY + timedelta(days=9)}")
    after = {**before, trees.care: (1, 3), trees.ward: (2, 2)}
    assert numbers() == {**after, trees.other_ward: none, trees.nurse: (1, 1)}, "in two places, and counted once"
    trees.harness.post(f"/people/{cia['id']}/deactivate")
    assert numbers()[trees.group] == (0, 2)
    assert listed(trees, ids=[trees.group])[trees.group]["people"] is None, "only where it is asked"


@pytest.mark.feature("ADM-2", "SEC-2")
def test_nobody_of_another_organisation_is_counted(trees: Trees) -> None:
    (cia,) = trees.harness.post("/people/search", {"first_name": "Cia"}).json()["items"]
    trees.harness.job(cia["id"], organisation=trees.ward, position=trees.nurse)
    of_care = trees.harness.client("enrollment-manager", trees.care)
    asked = {"ids": [trees.ward, trees.nurse, trees.rail], "count": True}
    found = {u["id"]: u["people_below"] for u in of_care.get("/api/directory/units", params=asked).json()["items"]}
    assert found == {trees.ward: 1, trees.nurse: 0}


@pytest.mark.feature("ADM-2")
def test_units_are_read_by_their_ids_a_hundred_at_once(trees: Trees) -> None:
    assert set(listed(trees, ids=[trees.ward, str(uuid4())])) == {trees.ward}
    many = trees.harness.http.get("/api/directory/units", params={"ids": [str(uuid4())] * 101})
    assert many.status_code == 422
