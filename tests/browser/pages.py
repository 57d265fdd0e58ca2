"""Every page that there is, and who looks at it: for accessibility, screenshots and addresses."""

from typing import NamedTuple


class Seen(NamedTuple):
    """`role`: what the card says of whoever looks; empty: a stranger. A code in braces in `path` stands for that offering's id,
    SAVED for a saved report's."""

    role: str
    path: str


_BY_ROLE = {
    "": "/sign-in /join /join/sent /join/key /join/confirm /password/forgotten /password/new /verify/nothing /no-such-page",
    "learner": "/ /browse /browse?q=zzz /training /transcript /record /qualifications /achievements /requests /redeem /contact /me "
    "/offerings/{FIRST-AID} /offerings/{FIRST-AID}/details /offerings/{FIRST-AID}/why /offerings/{CERT-SAFETY} "
    "/offerings/{CERT-SAFETY}/later-date /offerings/{DRIVING}/purchase /offerings/{LEADING}/request",
    "new starter": "/ /training /transcript /achievements /qualifications /offerings/{FIRST-AID}/enrol",
    "team leader": "/approvals /approvals?state=decided /approvals/delegation",
    "learning manager": "/admin/certifications /admin/courses /admin/qualifications /admin/job-roles /admin/catalog/apply "
    "/admin/offerings/new?kind=course /admin/offerings/new?kind=qualification /admin/offerings/{FIRST-AID}/information "
    "/admin/offerings/{CERT-SAFETY}/versions /admin/offerings/{CERT-SAFETY}/versions/1 /admin/offerings/{CERT-LEAD}/versions/1 "
    "/admin/offerings/{WARD-READY}/items /admin/offerings/{MEDICATION}/configuration "
    "/admin/offerings/{MEDICATION}/configuration/approvals/access",
    "operations manager": "/admin /admin/keys /admin/keys/new /admin/keys/find",
    "site administrator": "/admin /admin/system /admin/system/letters "
    "/admin/system/api/keys /admin/assignments /admin/reports /admin/reports/membership /admin/reports/overview "
    "/admin/mail/caught /admin/mail /admin/search /admin/people /admin/people/new /admin/audiences /admin/audiences/new "
    "/admin/structure/organisations /admin/structure/positions /admin/imports /admin/imports/new /admin/job-roles/new "
    "/admin/jobs /admin/exceptions /admin/held-changes /admin/triggers /admin/triggers/new /admin/assign "
    "/admin/assign/multiple /admin/offerings/{CERT-SAFETY}/assignments /admin/offerings/{CERT-SAFETY}/add/organisation "
    "/admin/offerings/{CERT-SAFETY}/add/manager /admin/offerings/{FIRST-AID}/learners /admin/offerings/{FIRST-AID}/import "
    "/admin/offerings/{FIRST-AID}/groups/new /admin/offerings/{CERT-SAFETY}/exceptions "
    "/admin/offerings/{CERT-SAFETY}/completion /admin/offerings/{CERT-SAFETY}/approvals /admin/offerings/{CERT-SAFETY}/history "
    "/admin/system/audit /admin/mail/held /admin/mail/switches /admin/mail/templates /admin/mail/templates/assigned "
    "/admin/reports/completion /admin/reports/completion?by=completed_month /admin/reports/saved/{SAVED} "
    "/admin/reports/saved/{SAVED}/change",
}
PAGES = tuple(Seen(role, path) for role, paths in _BY_ROLE.items() for path in paths.split())
