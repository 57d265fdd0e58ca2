"""People: keys, unique e-mail and user names judged on the end state, leavers and those who return."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID, uuid4

from services.directory.imports import values
from services.directory.imports.check_units import unreadable
from services.directory.imports.drafts import (
    Draft,
    PersonDraft,
    cell,
    check_owner,
    check_switches,
    date_cell,
    refuse_doubles,
    report,
    switched_off,
    wanted_gone,
)
from services.directory.imports.facts import Checked, LeavePlan, Outcome, OutcomeKind, PersonFact, PersonPlan, Snapshot
from services.directory.imports.files import Line, Reason, Table
from services.directory.imports.options import Options
from shared import folding
from shared.addresses import NotAnAddress, read_address
from shared.folding import fold
from shared.profiles import Profile

_UNIQUE = ("email", "user_name", "external_id")
_COUNTRY = re.compile(r"\A[A-Z]{2}\Z")


@dataclass
class Member:
    """A person who will be there when the run is done."""

    id: UUID
    fact: PersonFact | None


class PeopleCheck:
    """The user file. `end` is everybody by key."""

    def __init__(self, snapshot: Snapshot, options: Options, checked: Checked, homes: dict[str, UUID]) -> None:
        self._snapshot = snapshot
        self._options = options
        self._checked = checked
        self._homes = homes
        self.by_user_name = options.mapping.key == "user_name"
        self.known = {k: p for p in snapshot.people.values() if (k := self._key(p.profile)) is not None}
        self.end: dict[str, UUID] = {k: p.id for k, p in self.known.items()}
        self.plans: dict[UUID, PersonPlan] = {}
        self.homes_given: set[UUID] = set()
        """Whose rows give their home themselves."""
        self._gone: list[LeavePlan] = []

    def _key(self, profile: Profile) -> str | None:
        if self.by_user_name:
            return fold(profile.user_name)
        return None if profile.external_id is None else folding.key(profile.external_id)

    def id_of(self, key: str) -> UUID | None:
        """Of a person who will be there when the run is done."""
        return self.end.get(fold(key) if self.by_user_name else key)

    def check(self, table: Table) -> None:
        drafts = [self._draft(line) for line in table.lines]
        refuse_doubles([d for d in drafts if d.key], "key", lambda d: d.key)
        live = [d for d in drafts if isinstance(d, PersonDraft)]
        refuse_doubles(live, "email", lambda d: fold(d.profile.email) or None)
        if self.by_user_name:
            refuse_doubles(live, "external_id", lambda d: d.profile.external_id)
        else:
            refuse_doubles(live, "user_name", lambda d: fold(d.profile.user_name) or None)
        self._settle(live)
        for draft in drafts:
            self._finish(table, draft)
        self._missing(table, drafts)

    def _draft(self, line: Line) -> Draft:
        named = fold(line.cells.get("user_name", "")) if self.by_user_name else line.cells.get("external_id", "")
        fact = self.known.get(named)
        draft = Draft(line, named, fact.id if fact else uuid4(), fact is None)
        if not named:
            draft.refuse("no-key", "external_id", "The key is empty.")
        check_switches(draft, "user", self._options)
        if fact:
            check_owner(draft, fact.managed, self._options)
        if wanted_gone(line):
            return draft
        return PersonDraft(
            draft.line,
            draft.key,
            draft.id,
            draft.new,
            profile=self._profile(draft, fact),
            country=self._country(draft, fact),
            home=self._home(draft, fact),
            dates=self._dates(draft, fact),
        )

    def _profile(self, draft: Draft, fact: PersonFact | None) -> Profile:
        cells, options = draft.line.cells, self._options
        now = fact.profile if fact else None
        first, last = cells.get("first_name", ""), cells.get("last_name", "")
        if cells.get("full_name"):
            first, _, last = cells["full_name"].rpartition(" ")
        profile = Profile(
            first_name=first or (now.first_name if now else ""),
            last_name=last or (now.last_name if now else ""),
            email=cells.get("email", "") or (now.email if now else ""),
            user_name=cells.get("user_name", "").lower() or (now.user_name if now else ""),
            external_id=cells.get("external_id", "") or (now.external_id if now else None),
            language=cell(draft.line, "language", now.language if now else None, options)
            or (now.language if now else None),
            time_zone=cell(draft.line, "time_zone", now.time_zone if now else None, options),
        )
        for name in ("first_name", "last_name", "email", "user_name"):
            if not getattr(profile, name):
                draft.refuse("empty", name, f"{name} is empty.")
        if typed := cells.get("email"):
            _check_email(draft, typed)
        return profile

    def _country(self, draft: Draft, fact: PersonFact | None) -> str | None:
        country = cell(draft.line, "country", fact.country if fact else None, self._options)
        if country and not _COUNTRY.match(country.upper()):
            draft.refuse("country", "country", "A country code has two letters (ISO 3166-1).")
        return country.upper() if country else None

    def _dates(self, draft: Draft, fact: PersonFact | None) -> Mapping[str, date]:
        now = dict(fact.dates) if fact else {}
        for name in [n for n in draft.line.cells if n.startswith("date:")]:
            before = fact.dates.get(name[5:]) if fact else None
            found = date_cell(draft, name, before, self._options)
            now = {**now, name[5:]: found} if found else {k: v for k, v in now.items() if k != name[5:]}
        return now

    def _home(self, draft: Draft, fact: PersonFact | None) -> UUID | None:
        name = draft.line.cells.get("home", "")
        if name and name not in self._homes:
            draft.refuse("unknown-organisation", "home", f"There is no organisation '{name}'.")
        by_hand = fact is not None and fact.home is not None and fact.home != fact.feed_home
        if name:
            self.homes_given.add(draft.id)
        if fact and (by_hand or not name):
            return fact.home
        return self._homes.get(name)

    def _settle(self, live: list[PersonDraft]) -> None:
        """E-mail, user name and external id of somebody else, on the end state: two people may swap."""
        while True:
            good = [d for d in live if d.good]
            changing = {d.id for d in good}
            staying = [p for p in self._snapshot.people.values() if p.id not in changing]
            for name in _UNIQUE:
                taken = {same for p in staying if (same := _same(name, getattr(p.profile, name)))[1]}
                _refuse_taken(good, name, taken)
            if len(good) == sum(d.good for d in live):
                return

    def _finish(self, table: Table, draft: Draft) -> None:
        fact = self.known.get(draft.key)
        if not draft.good or not isinstance(draft, PersonDraft):
            self._refused_or_gone(table, draft, fact)
            return
        self.end[draft.key] = draft.id
        plan, fields = self._plan(draft, fact)
        outcome: OutcomeKind = "created" if fact is None else ("changed" if fields else "unchanged")
        if fact and fact.active == plan.active and plan.stamp and fact.managed.stamp == plan.stamp:
            outcome, fields = "unchanged", []
        if off := switched_off("user", outcome, self._options):
            draft.reasons.append(off)
            if draft.new:
                del self.end[draft.key]
        row = report(self._checked, table, draft, outcome, fields, keyed=False)
        if outcome != "unchanged" and draft.good:
            self.plans[draft.id] = replace(plan, row=row)

    def _plan(self, draft: PersonDraft, fact: PersonFact | None) -> tuple[PersonPlan, list[str]]:
        suspended = draft.line.cells.get("suspended", "") not in ("", "0")
        suspended = suspended or draft.line.cells.get("status", "").lower() == "suspended"
        keeps = fact is not None and draft.line.cells.get("suspended") == "" and not fact.active
        active = not suspended and not (keeps and self._options.empty == "ignore")
        plan = PersonPlan(
            row=0,
            id=draft.id,
            revision=fact.revision if fact else 0,
            profile=draft.profile,
            profile_revision=fact.profile_revision if fact else 0,
            profile_changed=fact is None or fact.profile != draft.profile,
            home=draft.home,
            moved=fact is not None and fact.home != draft.home,
            country=draft.country,
            dates=draft.dates,
            described=fact is not None and (fact.country, fact.dates) != (draft.country, draft.dates),
            active=active,
            was_active=fact.active if fact else True,
            why="suspended",
            stamp=values.stamp(draft.line.cells.get("stamp", "")),
            was_managed=bool(fact and fact.managed.feed),
            feed_home=self._homes.get(draft.line.cells.get("home", "")) or (fact.feed_home if fact else None),
        )
        return plan, self._fields(plan, fact)

    def _fields(self, plan: PersonPlan, fact: PersonFact | None) -> list[str]:
        if fact is None:
            return []
        pairs = zip(fact.profile, plan.profile, strict=True)
        fields = [name for (name, before), (_, after) in pairs if before != after]
        more = {
            "home": plan.moved,
            "country": plan.country != fact.country,
            "dates": plan.dates != fact.dates,
            "active": plan.active != fact.active,
        }
        return [*fields, *(name for name, is_so in more.items() if is_so)]

    def _refused_or_gone(self, table: Table, draft: Draft, fact: PersonFact | None) -> None:
        leaves = draft.good and fact is not None and fact.active and self._options.removal != "keep"
        if leaves and fact:
            if fact.id in self._snapshot.kept:
                draft.refuse(
                    "kept", None, "The last site administrator and the person who runs the import cannot be removed."
                )
            if off := switched_off("user", "removed", self._options):
                draft.reasons.append(off)
        row = report(self._checked, table, draft, "removed" if leaves else "unchanged", keyed=False)
        if leaves and draft.good and fact:
            self._gone.append(self._leave(row, fact))

    def _leave(self, row: int, fact: PersonFact) -> LeavePlan:
        return LeavePlan(row, fact.id, fact.revision, "removed" if self._options.removal == "remove" else "feed")

    def _missing(self, table: Table, drafts: list[Draft]) -> None:
        options = self._options
        if not options.contains_all or options.removal == "keep" or "user" in options.no_remove:
            return
        held = unreadable(drafts)
        named = {d.key for d in drafts}
        for key, fact in self.known.items():
            if key in named or fact.managed.feed != options.feed or not fact.active:
                continue
            reasons = held or self._kept(fact)
            row = self._checked.report(
                Outcome(table.element, None, "held" if reasons else "removed", fact.id, reasons=reasons)
            )
            if not reasons:
                self._gone.append(self._leave(row, fact))

    def _kept(self, fact: PersonFact) -> tuple[Reason, ...]:
        detail = "The last site administrator and the person who runs the import cannot be removed."
        return (Reason("kept", None, detail),) if fact.id in self._snapshot.kept else ()

    def ordered(self) -> list[PersonPlan]:
        """Those first who take over what somebody else gives up, and those who do, so that they go in one chunk."""
        people = self._snapshot.people
        held = {_same(n, v): id for id, p in people.items() for n in _UNIQUE if (v := getattr(p.profile, n))}
        entwined: set[UUID] = set()
        for plan in self.plans.values():
            owners = {held.get(_same(n, getattr(plan.profile, n))) for n in _UNIQUE} - {None, plan.id}
            if owners:
                entwined |= {plan.id, *(id for id in owners if id)}
        return sorted(self.plans.values(), key=lambda plan: plan.id not in entwined)

    def removals(self) -> list[LeavePlan]:
        return self._gone


def _check_email(draft: Draft, typed: str) -> None:
    try:
        read_address(typed)
    except NotAnAddress as wrong:
        draft.refuse("email", "email", f"This is not a valid e-mail address: {wrong}.")


def _same(name: str, value: str | None) -> tuple[str, str | None]:
    """As the database has it: a person's external id is compared as it is written."""
    return name, value if name == "external_id" or value is None else fold(value)


def _refuse_taken(good: list[PersonDraft], name: str, taken: set[tuple[str, str | None]]) -> None:
    for draft in good:
        found: str | None = getattr(draft.profile, name)
        if found and _same(name, found) in taken:
            draft.refuse("taken", name, f"Someone else already has this {name}.")
