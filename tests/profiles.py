"""Profiles as the directory publishes them, for tests of services that follow them."""

from uuid import UUID

from shared.database import Database
from shared.profiles import Profile

_TABLE = """
CREATE TABLE profile (person_id uuid PRIMARY KEY, revision int NOT NULL, position bigint NOT NULL, body bytea NOT NULL);
CREATE SEQUENCE profile_position;
CREATE VIEW published_profiles AS
    SELECT position, (SELECT id FROM epoch) AS epoch, person_id, revision, body FROM profile;
GRANT SELECT ON published_profiles TO rollbook_feed;
"""
_SAVE = (
    "INSERT INTO profile VALUES (%s, 1, nextval('profile_position'), %s) ON CONFLICT (person_id) DO UPDATE "
    "SET revision = profile.revision + 1, position = nextval('profile_position'), body = excluded.body"
)


def create(directory: Database) -> None:
    """What the directory's own migrations make."""
    with directory.connection() as conn:
        conn.execute(_TABLE)


def save(directory: Database, person: UUID, profile: Profile) -> None:
    """The next revision."""
    body = b'{"profile":' + profile.model_dump_json().encode() + b"}"
    with directory.connection() as conn:
        conn.execute(_SAVE, [person, body])
