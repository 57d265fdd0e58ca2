"""The facts of the directory, rebuilt from their source beside the live ones, by the command too (AUD-2)."""

from functools import partial

import pytest
from directory.harness import Harness
from directory.test_audience_removal import assigned
from replayed import follows_from_its_sources
from typer.testing import CliRunner

from services.cli.commands import app
from services.directory.main import replay
from shared.feeds.postgres import PostgresFeeds


@pytest.mark.feature("AUD-2")
def test_the_facts_of_the_directory_follow_from_their_source(harness: Harness) -> None:
    assigned(harness, harness.made("/audiences", "audience_id", name="Staff"))
    source = harness.enrollment.database.conninfo
    told = {"ROLLBOOK_DATABASE_URL": harness.database.conninfo, "ROLLBOOK_FEEDS": f'{{"enrollment": "{source}"}}'}

    whole = CliRunner().invoke(app, ["replay", "directory"], env=told)
    assert (whole.exit_code, "assignment_fact: 1 rows, 1 rebuilt, 0 differences" in whole.output) == (0, True), (
        whole.output
    )
    feeds = PostgresFeeds(lambda _: source)
    follows_from_its_sources(harness.database, partial(replay, harness.settings, feeds=feeds), "assignment_fact")
    assert CliRunner().invoke(app, ["replay", "directory"], env=told).exit_code == 1
    assert CliRunner().invoke(app, ["replay", "catalog"], env=told).exit_code == 2
    assert CliRunner().invoke(app, ["replay", "directory", "--swap"], env=told).exit_code == 2
