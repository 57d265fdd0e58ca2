"""What each event of the directory is in a history (AUD-1). Names and addresses are in none: they are in no event (DIR-12)."""

from collections.abc import Mapping, Sequence
from typing import Literal
from uuid import UUID

from shared.contracts import directory as events
from shared.database import Connection, pairs
from shared.events import Event
from shared.history import Says, Subject, Table, tell

Kind = Literal[
    "framework-created",
    "unit-created",
    "unit-moved",
    "unit-renamed",
    "unit-removed",
    "organisation-profiled",
    "person-registered",
    "person-moved",
    "person-described",
    "person-deactivated",
    "person-reactivated",
    "job-assigned",
    "job-ended",
    "permission-role-granted",
    "permission-role-revoked",
    "client-created",
    "client-secret-rotated",
    "client-revoked",
    "first-signed-in",
    "audience-created",
    "audience-ruled",
    "audience-members-added",
    "audience-members-removed",
    "audience-removed",
    "batch-started",
    "batch-finished",
]
SubjectKind = Literal["person", "unit", "audience", "client"]

_NAME = Says("name", holds=True)
_UNIT_KIND = Says("kind", "code")
_PARENT = Says("parent", "unit", holds=True)
_EXTERNAL = Says("external_id")
_HOME = Says("home_organisation", "unit", holds=True)
_COUNTRY, _DATES = Says("country", holds=True), Says("dates", "days", holds=True)
_ROLE, _OF = Says("role", "code"), Says("organisation", "unit")
_AUDIENCE = Says("audience", "audience", lambda event: event.originator_id)
_PEOPLE = Says("people", "number", lambda event: len(event.people))

TABLE: Table[Kind] = {
    events.FrameworkCreated: tell("framework-created", _UNIT_KIND, _NAME, _EXTERNAL),
    events.UnitCreated: tell("unit-created", _UNIT_KIND, _NAME, _PARENT, _EXTERNAL),
    events.UnitMoved: tell("unit-moved", _PARENT),
    events.UnitRenamed: tell("unit-renamed", _NAME),
    events.UnitRemoved: tell("unit-removed"),
    events.OrganisationProfiled: tell(
        "organisation-profiled",
        Says("access_days", "number", holds=True),
        Says("anonymous_registration", "flag", holds=True),
        Says("key_field", "flag", holds=True),
        Says("time_zone", holds=True),
        Says("contact", "flag", lambda event: event.contact is not None, holds=True),
        Says("record_assignment_types", "flag", holds=True),
        Says("record_assignment_names", "flag", holds=True),
    ),
    events.PersonRegistered: tell("person-registered", _HOME, _COUNTRY, _DATES),
    events.PersonMoved: tell("person-moved", _HOME),
    events.PersonDescribed: tell("person-described", _COUNTRY, _DATES),
    events.PersonDeactivated: tell("person-deactivated", Says("why", "code")),
    events.PersonReactivated: tell("person-reactivated"),
    events.JobAssigned: tell(
        "job-assigned",
        Says("organisation", "unit", lambda event: event.job.organisation),
        Says("position", "unit", lambda event: event.job.position),
        Says("manager", "person", lambda event: event.job.manager),
        Says("temporary_manager", "person", lambda event: event.job.temporary_manager),
        Says("temporary_until", "day", lambda event: event.job.temporary_until),
        Says("starts", "day", lambda event: event.job.starts),
        Says("ends", "day", lambda event: event.job.ends),
        Says("position_assigned_on", "day", lambda event: event.job.position_assigned_on),
    ),
    events.JobEnded: tell("job-ended"),
    events.PermissionRoleGranted: tell("permission-role-granted", _ROLE, _OF),
    events.PermissionRoleRevoked: tell("permission-role-revoked", _ROLE, _OF),
    events.MachineClientCreated: tell("client-created", Says("permissions", "codes"), _OF),
    events.MachineClientSecretRotated: tell("client-secret-rotated", Says("old_until", "moment")),
    events.MachineClientRevoked: tell("client-revoked"),
    events.FirstSignedIn: tell("first-signed-in"),
    events.AudienceCreated: tell("audience-created", _NAME, _EXTERNAL),
    events.AudienceRuled: tell("audience-ruled", Says("rule", "audience-rule", holds=True)),
    events.AudienceMembersAdded: tell("audience-members-added", _AUDIENCE, _PEOPLE),
    events.AudienceMembersRemoved: tell("audience-members-removed", _AUDIENCE, _PEOPLE),
    events.AudienceRemoved: tell("audience-removed"),
    events.BatchStarted: tell("batch-started", Says("feed", "code")),
    events.BatchFinished: tell("batch-finished"),
}

_TYPES: Mapping[SubjectKind, tuple[type[Event], ...]] = {
    "unit": (
        events.UnitCreated,
        events.UnitMoved,
        events.UnitRenamed,
        events.UnitRemoved,
        events.OrganisationProfiled,
    ),
    "audience": (
        events.AudienceCreated,
        events.AudienceRuled,
        events.AudienceMembersAdded,
        events.AudienceMembersRemoved,
        events.AudienceRemoved,
    ),
    "client": (events.MachineClientCreated, events.MachineClientSecretRotated, events.MachineClientRevoked),
}


_OF_PERSON = """
(e.stream = %(id)s OR (e.type IN ('directory.AudienceMembersAdded.v1', 'directory.AudienceMembersRemoved.v1')
    AND people_of(e.body) @> ARRAY[%(id)s::uuid]))
"""
"""With the audiences that they joined and left, in the words of the index of migration 0045."""


def of(kind: SubjectKind, id: UUID) -> Subject:
    """Whose stream it is, and nothing else's that has such an id."""
    if kind == "person":
        return Subject(_OF_PERSON, {"id": id})
    types = [cls.TOPIC for cls in _TYPES[kind]]
    return Subject("e.stream = %(stream)s AND e.type = ANY(%(types)s)", {"stream": id, "types": types})


def called(conn: Connection, ids: Sequence[UUID]) -> Mapping[UUID, str]:
    """Units and audiences."""
    query = "SELECT id, name FROM unit WHERE id = ANY(%(ids)s) UNION ALL SELECT id, name FROM audience WHERE id = ANY(%(ids)s)"
    return dict(pairs(conn, query, UUID, str, {"ids": list(ids)})) if ids else {}
