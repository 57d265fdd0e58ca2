"""Pages of people: the list with its selection, what is done with many at once, and one person (ADM-3, ASG-4, DIR-1 to DIR-3)."""

from services.portal.api.admin.people import assigning, job_role, new, people, person, profile, roles, why

ROUTERS = (
    people.router,
    assigning.router,
    job_role.router,
    new.router,
    person.router,
    profile.router,
    roles.router,
    why.router,
)
"""Those with a word in the place of an id go first."""
