"""The facts of keys, rebuilt from their sources beside the live ones (AUD-2)."""

from functools import partial

import pytest
from keys.harness import Keys
from replayed import follows_from_its_sources

from services.keys.main import replay
from shared.feeds.postgres import PostgresFeeds


@pytest.mark.feature("AUD-2")
def test_the_facts_of_keys_follow_from_their_sources(keys: Keys) -> None:
    feeds = PostgresFeeds(lambda source: keys._conninfo(keys._sources[source].database))
    filled = ("person_fact", "unit_fact", "offering_fact", "profile")
    follows_from_its_sources(keys.database, partial(replay, keys.settings, feeds=feeds), *filled)
