"""The shape that later features are written in, kept: rooms whose arrows do not run back, and one list of the services."""

from importlib import import_module

import yaml

from shared.suite import SUITE
from tests.project import shape


def test_no_arrow_between_the_rooms_of_an_application_runs_back() -> None:
    graph = shape.arrows()
    height, back = shape.floors(graph)
    assert {"assignments", "enrollments", "evaluation", "previews", "triggers", "undo"} <= graph.keys()
    assert height > 1
    assert back == []


def test_an_arrow_that_runs_back_is_found() -> None:
    assert shape.floors({"a": {"b"}, "b": {"c"}, "c": {"a"}})[1] == [("c", "a")]


def test_the_report_has_a_line_for_each_figure() -> None:
    told = "\n".join(shape.report())
    for figure in ("files: ", "functions: ", "type: " + "ignore: ", "rooms of ", "class names that stand three times"):
        assert figure in told


def test_each_service_of_the_list_is_there_and_runs_in_the_compose_file_with_each_of_its_roles() -> None:
    compose = yaml.safe_load((shape.ROOT / "docker-compose.yml").read_text())
    commands = [
        " ".join(one["command"]) for one in compose["services"].values() if "rollbook" in one.get("command", [])
    ]
    for member in SUITE:
        assert f"services.{member.name}" == import_module(member.module).PACKAGE
        for role in ("api", *member.roles):
            assert any(f"run {member.name} " in f"{told} " and role in told for told in commands), (member.name, role)
