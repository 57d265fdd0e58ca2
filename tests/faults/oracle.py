"""The oracle of DESIGN 8. Each comparison is of sets that have something in them: two empty ones would agree on anything."""

import time
from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

import psycopg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from callers import Record, Red
from histories import History, Learning, People, wanted
from works import Works, insist

from services.reporting.main import replay
from services.suite.running import own_settings
from shared.feeds import PROFILES, WATERMARK, SourceDown
from shared.feeds.configured import configured
from shared.feeds.wire import partition_of
from shared.feeds.wire import read as readable
from shared.suite import SERVICES, SOURCES

STORES = ("directory", "catalog", "enrollment", "approvals", "keys")
CONSUMING = ("directory", "enrollment", "approvals", "keys", "notifier", "reporting")
QUIET = 300.0
"""So many seconds after the work nothing may be on its way any more."""


LEAST: dict[str, float] = {
    "directory.PersonRegistered": 1,
    "directory.PersonMoved": 3,
    "directory.PersonDeactivated": 1,
    "directory.PersonReactivated": 0.5,
    "directory.JobAssigned": 2,
    "directory.AudienceMembersAdded": 0.9,
    "directory.AudienceMembersRemoved": 0.9,
    "enrollment.AssignmentCreated": 8,
    "enrollment.AssignmentRemoved": 2,
    "enrollment.GroupJoined": 1,
    "enrollment.GroupLeft": 0.5,
    "enrollment.DueRuleSet": 0.5,
    "enrollment.DueDateSet": 2,
    "enrollment.LearnerAssigned": 15,
    "enrollment.LearnerUnassigned": 4,
    "enrollment.LearnerWithdrawn": 3,
    "enrollment.LearnerExcluded": 1,
    "enrollment.ExclusionLifted": 0.1,
    "enrollment.EnrollmentCancelled": 0.3,
    "enrollment.EnrollmentLeftWithoutSource": 0.02,
    "enrollment.ExceptionRaised": 1.5,
    "enrollment.ExceptionAnswered": 1,
    "enrollment.HoldEnded": 0.2,
    "enrollment.TrainingBegun": 1.5,
    "enrollment.StepCompleted": 2,
    "enrollment.ExamTaken": 0.5,
    "enrollment.EnrollmentCompleted": 0.5,
    "enrollment.CompletionSubmitted": 0.03,
    "enrollment.CertificateIssued": 0.1,
    "approvals.AccessRequested": 1.5,
    "approvals.StageOpened": 1.5,
    "approvals.RequestApproved": 0.5,
    "approvals.RequestDenied": 0.1,
    "approvals.RequestFulfilled": 0.5,
    "approvals.RequestWithdrawn": 0.1,
    "keys.KeyAdded": 2,
    "keys.KeyHeld": 0.2,
    "keys.KeyReserved": 0.2,
    "keys.KeyRedeemed": 0.1,
    "keys.KeyRevoked": 0.3,
    "keys.KeySent": 0.5,
    "keys.KeyReminded": 0.1,
    "keys.KeyTakenBack": 0.1,
}
"""Of each kind of event at least so many for a round of work; one in all, where it is not rare."""


class Topic:
    """One source's topic, as far as it was read. What is sent again has to be the same; what is new has to follow."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.events: dict[int, tuple[str, int]] = {}
        """By position the stream and its version."""
        self.sent = 0
        """Every record, also one that was sent again."""
        self._partitions = 1
        self._ends: dict[int, int] = {}
        self._high: dict[str, int] = {}
        self._previous: dict[int, dict[int, int]] = {}
        """By partition and position, the predecessor that the record names."""

    async def read(self, works: Works) -> None:
        """What has come since. Raises Red for a record out of order, or another one at a position that is known."""
        topic = works.settings.kafka_prefix + self.source
        client = AIOKafkaConsumer(bootstrap_servers=works.settings.kafka, auto_offset_reset="earliest")
        await client.start()
        try:
            self._partitions = works.settings.kafka_partitions.get(self.source, 1)
            partitions = [TopicPartition(topic, p) for p in range(self._partitions)]
            client.assign(partitions)
            for one in partitions:
                client.seek(one, self._ends.get(one.partition, 0))
            ends = await client.end_offsets(partitions)
            while any([await client.position(p) < end for p, end in ends.items()]):
                found = await client.getmany(timeout_ms=500, max_records=5_000)
                for partition, messages in found.items():
                    for message in messages:
                        self._take(message)
                    self._ends[partition.partition] = messages[-1].offset + 1
        finally:
            await client.stop()

    def _take(self, message: Any) -> None:
        record = readable(self.source, message)
        if record is None or record.type == WATERMARK:
            return
        self.sent += 1
        key, told = str(record.key), (str(record.key), record.version)
        known = self.events.setdefault(record.position, told)
        if known != told:
            raise Red("topic", f"{self.source} {record.position} is {told}, and was {known}")
        before = self._previous.setdefault(record.partition, {})
        if before.setdefault(record.position, record.previous) != record.previous:
            raise Red("predecessor", f"{self.source} {record.position} follows {record.previous} now")
        if record.version == self._high.get(key, 0) + 1:
            self._high[key] = record.version
        elif record.version > self._high.get(key, 0):
            raise Red("topic", f"{self.source}: {key} has {record.version} after {self._high.get(key, 0)}")

    def check(self, stored: Collection[tuple[int, str, int]]) -> None:
        """Every event of the store is here, and names the one before it in its partition."""
        lacking = [position for position, _, _ in stored if position not in self.events]
        if lacking:
            raise Red("topic", f"{self.source}: {len(lacking)} events of the store are not in the topic: {lacking[:5]}")
        told = [(position, *self.events[position]) for position in sorted(self.events)]
        if told != list(stored):
            raise Red("topic", f"{self.source}: the topic has {len(told)} events, the store {len(stored)}")
        last: dict[int, int] = {}
        for position, key, _ in stored:
            partition = partition_of(UUID(key), self._partitions)
            named = self._previous[partition][position]
            if named != last.get(partition, 0):
                raise Red("predecessor", f"{self.source} {position}: {named} named, {last.get(partition, 0)} it is")
            last[partition] = position


_SWEPT = 3
"""So often the access sweep, once a minute, may come between."""


class Oracle:
    """Judges the suite when it is quiet. Keeps what it has read of the events, so each time reads only the new ones."""

    def __init__(self, works: Works, record: Record, quiet: float = QUIET) -> None:
        self._works = works
        self._record = record
        self.quiet = quiet
        self.histories = {service: History(service) for service in STORES}
        self.people = People()
        self.learning = Learning()
        self.topics = {source: Topic(source) for source in STORES}
        self.compared: Counter[str] = Counter()
        """How many entries each comparison had the last time."""
        self._judged = 0
        self._at: dict[str, int] = {}
        """Up to which positions the stores are judged."""

    def judge(self) -> None:
        """Raises Red for the first thing that does not hold. What was judged while a sweep by the clock wrote is judged again."""
        for _ in range(_SWEPT):
            try:
                self._judge()
            except Red:
                if self._at == self._heads():
                    raise
            else:
                return
        self._judge()

    def _judge(self) -> None:
        self._at = self._heads()
        self._settle(self._unpublished)
        self._stores_hold()
        self._acknowledged_hold()
        self._topics_hold()
        self._settle(self._moving)
        self._at = self._heads()
        self._stores_hold()
        self._topics_hold()
        self._nothing_failed()
        self._facts_hold()
        self._grants_hold()
        self._reports_hold()
        self._requests_hold()
        self._keys_hold()
        self._key_mail_holds()
        self._mail_holds()
        if self._judged < 10 or self._judged % 5 == 0:
            self._rebuilt_alike()
        self._judged += 1

    def account(self) -> str:
        """What there is, for a person."""
        lines = [f"compared: {dict(self.compared)}"]
        lines += [f"{service}: {dict(sorted(one.types.items()))}" for service, one in self.histories.items()]
        refused = Counter(self._record.refused)
        told = f"acknowledged: {len(self._record.acknowledged)}, refused: {dict(refused)}"
        return "\n".join([*lines, told])

    def check_amounts(self, rounds: int) -> None:
        """The work has happened: so many of everything for each round of it. Raises Red."""
        types = {f"{s}.{name}": count for s, h in self.histories.items() for name, count in _short(h.types)}
        for name, least in LEAST.items():
            if types.get(name, 0) < max(int(least * rounds), least >= 0.2):
                raise Red("amounts", f"{name}: {types.get(name, 0)} in {rounds} rounds of work")
        undone = self.learning.undone
        ((periods,),) = self._works.query("reporting", "SELECT count(*) FROM membership")
        amounts = {"assignments undone": (undone, 0.3), "e-mails sent": (self.compared["e-mails sent"], 15)}
        amounts |= {"rows of the membership report": (periods, 15), "grants": (self.compared["grants"], 0)}
        amounts |= {"acknowledged commands": (len(self._record.acknowledged), 30)}
        for name, (count, least) in amounts.items():
            if count < max(int(least * rounds), 1):
                raise Red("amounts", f"{name}: {count} in {rounds} rounds of work")
        if periods != types["enrollment.LearnerAssigned"]:
            raise Red(
                "amounts", f"{periods} rows of the membership report, of {types['enrollment.LearnerAssigned']} grants"
            )

    # -- quiet ------------------------------------------------------------------------------------------------------

    def _settle(self, moving: Any) -> None:
        """Until nothing is on its way, twice in a row at the same positions."""
        deadline = time.monotonic() + self.quiet
        before: object = None
        while True:
            heads = self._heads()
            found = moving(heads)
            if not found and before == heads == self._heads():
                return
            before = None if found else heads
            if time.monotonic() > deadline:
                raise Red("quiet", f"still moving after {self.quiet} seconds: {found}")
            time.sleep(0.1)

    def _heads(self) -> dict[str, int]:
        text = "SELECT coalesce(max(position), 0) FROM events"
        return {service: self._works.query(service, text)[0][0] for service in STORES}

    def _unpublished(self, heads: dict[str, int]) -> list[str]:
        rows = [(s, *row) for s in STORES for row in self._works.query(s, "SELECT source, position FROM relay")]
        late = [(source, at, heads[service]) for service, source, at in rows if source != PROFILES]
        return [f"relay {source} at {at} of {head}" for source, at, head in late if at < head]

    def _moving(self, heads: dict[str, int]) -> list[str]:
        found = self._unpublished(heads)
        for service in CONSUMING:
            for consumer, source, applied in self._works.query(service, _APPLIED):
                if source != PROFILES and applied < heads[SOURCES[source]]:
                    found.append(f"{consumer} <- {source} at {applied} of {heads[SOURCES[source]]}")
        return found + [text for service, text in _OPEN.items() if self._works.query(service, text)[0][0]]

    # -- what must hold ---------------------------------------------------------------------------------------------

    def _same(self, what: str, live: Iterable[Any], expected: Iterable[Any], finding: str) -> None:
        """Both have something in them, and are the same."""
        seen, wanted_ones = Counter(live), Counter(expected)
        if not seen or not wanted_ones:
            raise Red("empty", f"{what}: {seen.total()} are there, {wanted_ones.total()} are expected")
        if seen != wanted_ones:
            lacking, beyond = wanted_ones - seen, seen - wanted_ones
            some = f"lacking {list(lacking)[:2]}, beyond {list(beyond)[:2]}"
            raise Red(finding, f"{what}: {lacking.total()} lack, {beyond.total()} are beyond: {some}")
        self.compared[what] = seen.total()

    def _stores_hold(self) -> None:
        for service, history in self.histories.items():
            take = {"directory": self.people.take, "enrollment": self.learning.take}.get(service, lambda _: None)
            last = history.last
            for stored in history.read(self._works):
                if stored.position != last + 1:
                    raise Red("positions", f"{service}: {stored.position} after {last}")
                last = stored.position
                take(stored)
            text = "SELECT count(*), coalesce(max(position), 0) FROM events WHERE position <= %s"
            ((count, highest),) = self._works.query(service, text, [last])
            if not count == highest == last:
                raise Red("positions", f"{service}: {count} events up to {highest}, {last} were read")

    def _acknowledged_hold(self) -> None:
        """Every command that was answered is there as it was answered, with what it does; and no command twice."""
        for one in self._record.acknowledged:
            history = self.histories[one.service]
            lacking = set(one.does) - history.batches.get(one.batch, set())
            if one.position > history.last or lacking:
                raise Red("acknowledged", f"{one} of {history.last}: {lacking or 'the position'} is not in the store")
        # What enrollment does for approvals and keys has a command of its own, whose key names the request or the redemption.
        text = "SELECT key, batch FROM command WHERE caller = ANY(%s) AND key NOT LIKE '%%/%%'"
        for service in ("directory", "enrollment", "approvals"):
            mine = [one for one in self._record.acknowledged if one.service == service]
            stored = self._works.query(service, text, [list(self._record.actors)])
            told = [(one.key, one.batch) for one in mine]
            new = [one for one in stored if one not in self._record.before]
            self._same(f"commands of {service}", new, told, "acknowledged")
            began = {b for b, actor in self.histories[service].of_commands.items() if actor in self._record.actors}
            if beyond := began - {one.batch for one in mine} - {batch for _, batch in self._record.before}:
                raise Red(
                    "acknowledged", f"{service}: {len(beyond)} batches that nobody was told of: {list(beyond)[:3]}"
                )

    def _topics_hold(self) -> None:
        for source, topic in self.topics.items():
            insist(lambda topic=topic: self._works.loop.call(topic.read(self._works), 60.0), KafkaError, TimeoutError)
            topic.check(self.histories[source].keys)
            self.compared[f"topic {source}"] = len(topic.events)

    def _nothing_failed(self) -> None:
        for service in SERVICES:
            if failed := self._works.query(service, "SELECT kind, error FROM job WHERE state = 'failed' LIMIT 3"):
                raise Red("failed", f"{service}: jobs failed: {failed}")
        for service in CONSUMING:
            text = "SELECT consumer, source, type, position, error FROM parked_event ORDER BY position LIMIT 3"
            if parked := self._works.query(service, text):
                raise Red("parked", f"{service}: {parked}")

    def _facts_hold(self) -> None:
        """What enrollment, keys, notifier and directory know of one another's events."""
        ask, people = self._works.query, self.people
        told = [(id, active, people.home[id]) for id, active in people.active.items()]
        rows = ask("enrollment", "SELECT id, active, home FROM person_fact")
        self._same("people in enrollment", rows, told, "facts")
        self._same("people in notifier", ask("notifier", "SELECT id, active, home FROM person_fact"), told, "facts")
        self._same("people in keys", ask("keys", "SELECT id, active, home FROM person_fact"), told, "facts")
        text = "SELECT id, person, organisation, position, manager_job FROM job_fact"
        jobs = [(id, p, j.organisation, j.position, j.manager_job) for id, (p, j) in people.jobs.items()]
        self._same("jobs in enrollment", ask("enrollment", text), jobs, "facts")
        members = ask("enrollment", "SELECT audience, person FROM audience_member")
        self._same("audiences in enrollment", members, people.members, "facts")
        above = [(unit, at) for unit in people.above for at in people.upwards(unit)]
        self._same("units in enrollment", ask("enrollment", "SELECT unit, above FROM unit_above"), above, "facts")
        live = [(id, one.target.id) for id, one in self.learning.live().items()]
        self._same(
            "assignments in directory", ask("directory", "SELECT id, target FROM assignment_fact"), live, "facts"
        )
        terms = [(id, *told) for id, told in self.learning.terms.items()]
        rows = ask("notifier", "SELECT id, term, enrolled FROM enrollment_fact")
        self._same("enrollments in notifier", rows, terms, "facts")

    def _grants_hold(self) -> None:
        """State rows = fold of the events; and who holds what = what the rules say of the facts, not asked of the evaluator."""
        ask, learning = self._works.query, self.learning
        grants = learning.grants()
        rows = ask("enrollment", "SELECT assignment, person FROM learner_grant")
        self._same("grants", rows, grants, "state")
        rows = ask("enrollment", "SELECT assignment, person FROM exclusion")
        self._same("exclusions", rows, learning.exclusions(), "state")
        members = {pair for pair in learning.members if pair[0] in learning.live()}
        rows = ask("enrollment", "SELECT assignment, person FROM group_member")
        self._same("members of groups", rows, members, "state")
        live = [(id, one.version) for id, one in learning.live().items()]
        self._same("assignments", ask("enrollment", "SELECT id, revision FROM assignment WHERE live"), live, "state")
        text = "SELECT id, revision, term, live, begun, completed_at IS NOT NULL, due, due_by_hand FROM enrollment"
        told = [
            (id, o.version, o.term, o.live, o.begun, bool(o.completed_at), o.due and o.due.day, o.due_by_hand)
            for id, o in learning.enrollments.items()
        ]
        self._same("enrollments", ask("enrollment", text), told, "state")
        meant, kept_away = wanted(self.people, learning), learning.exclusions() | learning.held_back()
        if beyond := grants - (meant - learning.exclusions()):
            raise Red(
                "grants", f"{len(beyond)} are held without a rule, or in spite of an exclusion: {list(beyond)[:3]}"
            )
        if lacking := meant - grants - kept_away:
            raise Red("grants", f"{len(lacking)} of {len(meant)} grants are lacking: {list(lacking)[:3]}")
        self._same("grants by the rules", grants, meant - kept_away, "grants")

    def _reports_hold(self) -> None:
        """Live read models = pure fold of the events."""
        learning, people = self.learning, self.people
        rows = self._works.query("reporting", "SELECT assignment_id, person_id FROM membership WHERE valid_to IS NULL")
        self._same("membership report", rows, learning.grants(), "report")
        text = "SELECT enrollment_id, term, live, begun, completed, due_on FROM standing WHERE valid_to IS NULL"
        told = [
            (id, one.term, one.live, one.begun, bool(one.completed_at), one.due and one.due.day)
            for id, one in learning.enrollments.items()
            if one.term
        ]
        self._same("standing report", self._works.query("reporting", text), told, "report")
        rows = self._works.query("reporting", "SELECT assignment_id, target_id FROM assignment")
        told = [(id, one.target.id) for id, one in learning.assignments.items()]
        self._same("assignment report", rows, told, "report")
        text = "SELECT person_id, active, home_organisation FROM person WHERE valid_to IS NULL"
        told = [(id, active, people.home[id]) for id, active in people.active.items()]
        self._same("people report", self._works.query("reporting", text), told, "report")

    def _requests_hold(self) -> None:
        """Every approved request has one outcome: one assignment, or a refusal; no other has any (APR-2)."""
        ask = self._works.query
        text = "SELECT id, outcome, assignment FROM request WHERE status = 'approved' AND kind = 'access'"
        approved = ask("approvals", text)
        if waiting := [id for id, outcome, _ in approved if outcome == "pending"]:
            raise Red("requests", f"{len(waiting)} approved requests have no outcome: {waiting[:3]}")
        made = ask("enrollment", "SELECT origin, id FROM assignment WHERE type = 'request'")
        told = [(id, assignment) for id, outcome, assignment in approved if outcome != "refused"]
        if made or told:  # before the first round nobody has decided; that it happened later, the amounts show
            self._same("assignments of requests", made, told, "requests")
        waiting = ask("approvals", "SELECT id FROM request WHERE status = 'open' AND kind = 'access'")
        if ask("enrollment", "SELECT count(*) FROM open_request")[0][0] != len(waiting):
            raise Red("requests", "enrollment knows of other open requests than approvals")

    def _keys_hold(self) -> None:
        """Every redeemed key has one assignment, every other none, and none is reserved for ever (KEY-4)."""
        ask = self._works.query
        if reserved := ask("keys", "SELECT id FROM training_key WHERE state = 'reserved' LIMIT 3"):
            raise Red("keys", f"keys are reserved and nobody answers: {reserved}")
        made = ask("enrollment", "SELECT origin, id FROM assignment WHERE type = 'key'")
        told = ask("keys", "SELECT id, assignment FROM redemption WHERE state = 'redeemed'")
        if made or told:
            self._same("assignments of keys", made, told, "keys")
        self._registrations_hold()

    def _registrations_hold(self) -> None:
        """Whoever registered with a key has account and assignment; of what came to nothing nobody is left (KEY-7)."""
        ask = self._works.query
        begun = ask(
            "keys",
            "SELECT r.person, r.state, d.state FROM registration r LEFT JOIN redemption d ON d.id = r.redemption",
        )
        there = "SELECT p.id FROM person p JOIN account a ON a.person = p.id WHERE p.active AND p.id = ANY(%s)"
        known = {person for (person,) in ask("directory", there, [[person for person, *_ in begun]])}
        for person, state, redemption in begun:
            if (person in known) != (state == "redeemed") or (state == "redeemed") != (redemption == "redeemed"):
                raise Red("keys", f"registration of {person} is {state}, its redemption {redemption}")

    def _key_mail_holds(self) -> None:
        """Each key that was sent, or reminded of, has one e-mail; and the keys service knows what became of it (KEY-11)."""
        ask = self._works.query
        text = "SELECT stream, version FROM events WHERE type IN ('keys.KeySent.v1', 'keys.KeyReminded.v1')"
        sent = ask("keys", text)
        ledger = ask("notifier", "SELECT cause_stream, cause_version FROM ledger WHERE template = 'key-sent'")
        if sent or ledger:
            self._same("e-mails with keys", ledger, sent, "key mail")
            states = (
                "SELECT l.cause_stream, l.cause_version, m.state FROM ledger l JOIN message m ON m.id = l.message_id"
            )
            known = set(ask("notifier", f"{states} WHERE l.template = 'key-sent'"))
            told = ask("keys", "SELECT key, version, mail_state FROM recipient")
            if wrong := [one for one in told if one not in known]:
                raise Red("key mail", f"the keys service has other fates than the notifier: {wrong[:3]}")
        free = "SELECT count(*) FROM training_key k WHERE state = 'free' AND EXISTS (SELECT FROM recipient r "
        if ask("keys", f"{free} WHERE r.key = k.id AND r.ended_at IS NULL)")[0][0]:
            raise Red("keys", "a free key is somebody's")

    def _mail_holds(self) -> None:
        """A ledger row for each reason, and for nothing else; of each message at most one e-mail, and one that was `sent`."""
        rows = self._works.query("notifier", _LETTERS)
        text = "SELECT cause_stream, cause_version, template FROM ledger WHERE template = ANY(%s)"
        ledger = self._works.query("notifier", text, [["assigned", "withdrawn", "completed", "access-expired"]])
        superseded = self.learning.superseded
        self._same("mail ledger", set(ledger) - superseded, self.learning.letters - superseded, "ledger")
        doubled = [row for row in rows if row[2] > 1]
        if doubled:
            raise Red("mail twice", f"{len(doubled)} e-mails arrived more than once: {doubled[:3]}")
        wrong = [(id, state, count) for id, state, count in rows if count not in _ARRIVED.get(state, (0,))]
        if wrong:
            raise Red("mail", f"{len(wrong)} e-mails are otherwise than their state says: {wrong[:3]}")
        if unknown := self._works.query("notifier", _UNKNOWN_MAIL):
            raise Red("mail", f"e-mails without a row in the ledger: {unknown}")
        sent = sum(state == "sent" for _, state, _ in rows)
        if not sent:
            raise Red("empty", "no e-mail was sent")
        self.compared["e-mails sent"] = sent

    def _rebuilt_alike(self) -> None:
        own = own_settings(self._works.settings, "reporting")
        comparison = insist(lambda: replay(own, feeds=configured(own)), psycopg.OperationalError, SourceDown)
        rebuilt = {one.table: one.rebuilt for one in comparison.tables}
        if comparison.differences:
            raise Red("rebuilt", str([one for one in comparison.tables if one.differences]))
        empty = [table for table in _REBUILT if not rebuilt[table]]
        if empty:
            raise Red("empty", f"read models that were rebuilt from nothing: {empty}")
        self.compared["rebuilt rows"] = sum(rebuilt.values())


def _short(types: Counter[str]) -> Iterable[tuple[str, int]]:
    """`directory.PersonMoved.v1` is PersonMoved."""
    return [(name.split(".")[1], count) for name, count in types.items()]


_REBUILT = (
    "membership",
    "standing",
    "assignment",
    "cancellation",
    "learner_group",
    "person",
    "unit",
    "audience",
    "offering",
)
_ARRIVED = {"sent": (1,), "unknown": (0, 1), "sending": (0, 1)}
"""How often the e-mail of a message in this state may have arrived; of any other state never."""
_APPLIED = (
    "SELECT f.consumer, f.source, min(coalesce(h.position, 0)) FROM followed f "
    "CROSS JOIN generate_series(0, f.partitions - 1) AS p LEFT JOIN high_water h "
    "ON h.consumer = f.consumer AND h.source = f.source AND h.partition = p GROUP BY 1, 2"
)
_JOBS = (
    "(SELECT count(*) FROM job WHERE state IN ('waiting', 'running')) + (SELECT count(*) FROM timer WHERE due <= now())"
)
_OPEN = {
    "directory": f"SELECT {_JOBS}",
    "enrollment": f"SELECT {_JOBS} + (SELECT count(*) FROM evaluation_queue WHERE open)",
    "approvals": "SELECT count(*) FROM timer WHERE due <= now() + interval '5 seconds' AND kind <> 'escalation'",
    "keys": f"SELECT {_JOBS} + (SELECT count(*) FROM unsettled) "
    "+ (SELECT count(*) FROM registration WHERE state NOT IN ('redeemed', 'undone'))",
    "notifier": "SELECT (SELECT count(*) FROM message WHERE state = 'sending' OR (state = 'waiting' AND ready)) "
    "+ (SELECT count(*) FROM exception_notice WHERE NOT addressed) + (SELECT count(*) FROM message WHERE told < revision)",
}
_LETTERS = (
    "SELECT m.id, m.state, (SELECT count(*) FROM caught_mail c WHERE c.message_id = m.id) FROM message m "
    "JOIN ledger l ON l.message_id = m.id"
)
_UNKNOWN_MAIL = (
    "SELECT c.message_id, c.subject FROM caught_mail c WHERE NOT EXISTS "
    "(SELECT FROM ledger l WHERE l.message_id = c.message_id) LIMIT 3"
)
