"""The permission filter of every query: people whose home organisation is in scope (SEC-2)."""

from shared.auth import Scope

IN_SCOPE = """
(%(everything)s OR {person} IN (
    WITH RECURSIVE below (id) AS (
        SELECT unnest(%(organisations)s::uuid[])
        UNION
        SELECT u.id FROM unit_fact u JOIN below b ON u.parent = b.id
    )
    SELECT p.id FROM person_fact p JOIN below b ON p.home = b.id
))
"""


def in_scope(person: str) -> str:
    """A condition on the column `person`, with the parameters of `scope_parameters`."""
    return IN_SCOPE.format(person=person)


def scope_parameters(scope: Scope) -> dict[str, object]:
    return {"everything": scope.everything, "organisations": list(scope.organisations)}
