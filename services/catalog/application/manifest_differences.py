"""Offerings and job roles in the words of a file, so that a difference can be read: codes instead of ids (CAT-16)."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from uuid import UUID

from pydantic import JsonValue, TypeAdapter

from services.catalog.domain.job_roles import JobRole
from services.catalog.domain.offering import Certification, Course, Offering, Qualification

_JSON: TypeAdapter[object] = TypeAdapter(object)
Codes = Mapping[UUID, str]


def offering(state: Offering, codes: Codes) -> dict[str, JsonValue]:
    """Every field as a file writes it; of a version `versions.1.steps` and so on."""
    told: dict[str, object] = {"kind": state.kind, **_described(state.described, codes)}
    for number, version in sorted(state.versions.items()):
        steps = [_step(step.model_dump(mode="json", exclude_none=True), codes) for step in version.steps]
        told |= {f"versions.{number}.steps": steps, f"versions.{number}.state": version.state}
        told |= {f"versions.{number}.in_order": version.in_order}
    told |= {"active": state.active, "notifications": sorted(state.notifications)}
    told |= {"keep_begun": state.keep_begun, "earliest_due": state.earliest_due, **vars(state.admission)}
    told |= {
        f"mail.{name}": sorted(value) if isinstance(value, frozenset) else value
        for name, value in vars(state.mail).items()
    }
    told |= {f"approvals.{name}": value for name, value in vars(state.approvals).items()}
    return _json({**told, "audiences": sorted(state.audiences), **vars(state.completion)})


def job_role(state: JobRole, codes: Codes) -> dict[str, JsonValue]:
    """Every field as a file writes it."""
    links = [
        {"qualification": codes.get(link.qualification_id, link.qualification_id), "required": link.required}
        for link in state.described.qualifications
    ]
    return _json({**vars(state.described), "qualifications": links})


def named(states: Iterable[Offering | JobRole | None]) -> set[UUID]:
    """The offerings that these name, whose codes are needed."""
    found: set[UUID] = set()
    for state in states:
        if isinstance(state, JobRole):
            found |= {link.qualification_id for link in state.described.qualifications}
        elif state is not None:
            found |= set(state.described.items) if isinstance(state.described, Qualification) else set()
            found |= {step.course_id for v in state.versions.values() for step in v.steps if step.course_id}
    return found


def _described(described: Course | Certification | Qualification, codes: Codes) -> dict[str, object]:
    told = {field.name: getattr(described, field.name) for field in fields(described)}
    if isinstance(described, Qualification):
        told["items"] = [codes.get(id, id) for id in described.items]
    return told


def _step(told: dict[str, object], codes: Codes) -> dict[str, object]:
    course = told.pop("course_id", None)
    return {**told, "course": codes.get(UUID(str(course)), course)} if course else told


def _json(told: Mapping[str, object]) -> dict[str, JsonValue]:
    plain: dict[str, JsonValue] = _JSON.dump_python(told, mode="json")
    return plain
