"""Chapters on keys and on what went otherwise: an import that is held, an undone batch, addresses without a mailbox."""

from datetime import UTC, datetime, timedelta

from services.cli.demo_history.actor import until
from services.cli.demo_history.records import in_former_years
from services.cli.demo_history.stage import Stage
from services.directory.demo import FEED
from services.directory.demo_company import person_number

_KEYS = 40
_REDEEMED = 12
_SENT = 5
_HEADING = "idnumber,useridnumber,orgidnumber,timemodified,deleted\n"


def keys(stage: Stage) -> None:
    """A pool with keys that were redeemed, keys that were sent by e-mail and are not redeemed yet, and keys that are free."""
    now, units = datetime.now(UTC), stage.units
    pool = {
        "name": "First aid, autumn",
        "organisation_id": units["L"],
        "offering_id": stage.offerings["FIRST-AID"],
        "access_days": 60,
        "share_below": True,
        "starts": now.isoformat(),
        "expires": (now + timedelta(days=120)).isoformat(),
    }
    made = stage.operations.do("pool autumn", "/api/keys/pools", pool)["result"]["pool_id"]
    stage.operations.do("pool autumn keys", f"/api/keys/pools/{made}/keys", {"generate": _KEYS})
    until(lambda: stage.operations.get(f"/api/keys/pools/{made}")["keys"]["free"] == _KEYS, "The keys of the pool")
    exported = stage.operations.export("pool autumn export", f"/api/keys/pools/{made}/exports", {"format": "csv"})
    texts = [line.split(",")[0].strip('"') for line in exported.splitlines()[1:]]
    holders = stage.company.in_company(5)[: stage.scaled(_REDEEMED, 2)]
    for n, (number, text) in enumerate(zip(holders, texts, strict=False)):
        stage.progress(n, len(holders))
        actor = stage.as_learner(stage.person(number))
        actor.do(f"redeem {number}", "/api/keys/redemptions", {"key": text})
    told = stage.company.in_company(5)[len(holders) :][: stage.scaled(_SENT)]
    if not told:
        return
    recipients = {"people": [stage.person(n).id for n in told]}
    stage.operations.do("pool autumn mails", f"/api/keys/pools/{made}/mailings", {"recipients": recipients})


def held_import(stage: Stage) -> None:
    """The personnel import moves so many people from one company to another that an administrator has to look at it first."""
    moving = stage.company.in_company(2)[: stage.scaled(318, 3)]
    rows = "".join(f"main,{person_number(n)},L-6-1-1,0,0\n" for n in moving)
    form = {"mapping": "totara", "feed": FEED}
    files = {"jobassignment": (_HEADING + rows).encode()}
    started = stage.admin.do_form("moves", "/api/directory/imports", form, files)
    path = f"/api/directory/imports/{started['id']}"
    until(lambda: stage.admin.get(path)["state"] in ("finished", "failed"), "The import of moves")


def undone(stage: Stage) -> None:
    """An assignment by mistake, undone; three had begun by then, and stay: none of those who turn out to have completed it."""
    mentors = stage.audiences["Mentors"]
    target = {"type": "audience", "target_id": mentors}
    made = stage.assign(stage.admin, "mistake", stage.offerings["HYGIENE"], target, "For all mentors.")
    if made is None:
        return
    listed = stage.admin.every("/api/enrollment/enrollments", offering_id=stage.offerings["HYGIENE"])
    completed = in_former_years(stage, "HYGIENE")
    fresh = [one for one in listed if one["status"] == "not-started" and one["person_id"] not in completed]
    for one in fresh[: stage.scaled(3, 1)]:
        stage.admin.do(f"mistake {one['id']}", f"/api/enrollment/enrollments/{one['id']}/steps/1/complete")
    reason = {"reason": "Only the new mentors were meant."}
    stage.admin.do("mistake undone", f"/api/enrollment/batches/{made['batch']}/undo", reason)


def addresses(stage: Stage) -> None:
    """Three whose e-mail arrives nowhere: an address that the mail server refuses, and two where it hangs up without an answer."""
    for n, domain in enumerate(("example.invalid", "hangs-up.invalid", "hangs-up.invalid")):
        number = stage.company.in_company(6)[n]
        wrong = {"email": f"{stage.company.named(number).user_name}@{domain}"}
        stage.admin.do(f"address {n}", f"/api/directory/people/{stage.person(number).id}", wrong, method="PATCH")
