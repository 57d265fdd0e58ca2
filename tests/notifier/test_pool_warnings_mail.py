"""Operations managers are told of pools that run low or are about to expire, once each (NTF-1, NTF-5)."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from notifier.fake_smtp import FakeSmtpServer
from notifier.harness import Harness

from shared.contracts import directory, keys

END = datetime(2027, 3, 1, 23, 30, tzinfo=UTC)


class Pool:
    """Of the branch of a company: Bea manages it, Ada the company, Cy another branch; Dan is site administrator."""

    def __init__(self, harness: Harness) -> None:
        self.harness, self.id, self.course = harness, uuid4(), harness.course("Fire safety")
        self.head = harness.unit()
        self.branch, self.other = harness.unit(self.head), harness.unit(self.head)
        self.ada = self.manager("ada", self.head)
        self.bea = self.manager("bea", self.branch)
        self.manager("cy", self.other)
        self.manager("dan", None, "site-administrator")
        self.describe()

    def manager(self, name: str, organisation: UUID | None, role: str = "operations-manager") -> UUID:
        return self.harness.appoint(f"{name}@example.org", organisation, role=role, home=organisation or self.head)

    def describe(self, expires: datetime = END) -> None:
        of = {"offering_id": self.course, "organisation_id": self.branch, "share_below": False, "access_days": 30}
        told = {**of, "name": "Autumn", "starts": datetime(2026, 1, 1, tzinfo=UTC), "expires": expires}
        self.harness.tell("keys", (keys.PoolDescribed, self.id, told))
        self.harness.settle()

    def warn(self, event: type, **fields: object) -> None:
        of = {"pool_id": self.id, "offering_id": self.course, "organisation_id": self.branch}
        self.harness.tell("keys", (event, uuid4(), {**of, **fields}))
        self.harness.settle()


def sent(harness: Harness) -> list[tuple[str, str, str]]:
    """Address, subject and text of each e-mail."""
    with FakeSmtpServer() as server:
        harness.send(server)
        harness.send(server)
    letters = [(str(one["To"]).partition("<")[2].rstrip(">"), str(one["Subject"]), one) for one in server.letters]
    return sorted((to, subject, next(one.iter_parts()).get_content()) for to, subject, one in letters)  # type: ignore[attr-defined]


@pytest.mark.feature("NTF-1", "KEY-1", "SEC-2")
def test_who_manages_the_owner_is_told_that_a_pool_runs_low_and_is_used_up(harness: Harness) -> None:
    pool = Pool(harness)
    pool.warn(keys.PoolRanLow, percent=75, used=30, keys=40)
    pool.warn(keys.PoolRanLow, percent=100, used=40, keys=40)
    found = sent(harness)
    low, none = "75 % of the training keys are used: Autumn", "No training keys left: Autumn"
    assert [(to, subject) for to, subject, _ in found] == [
        ("ada@example.org", low),
        ("ada@example.org", none),
        ("bea@example.org", low),
        ("bea@example.org", none),
    ]
    assert 'of the pool "Autumn" for the course "Fire safety" have been sent or redeemed' in found[0][2]
    assert "It expires on 2027-03-01 23:30 UTC." in found[0][2]


@pytest.mark.feature("NTF-1", "NTF-5", "KEY-2")
def test_a_warning_of_an_end_that_was_moved_is_not_sent(harness: Harness) -> None:
    pool = Pool(harness)
    pool.warn(keys.PoolExpiring, expires=END, unused=12)
    pool.describe(datetime(2027, 6, 1, tzinfo=UTC))
    assert sent(harness) == []
    assert {row["state"] for row in harness.rows()} == {"withdrawn"}
    pool.describe(datetime(2027, 9, 1, tzinfo=UTC))
    pool.warn(keys.PoolExpiring, expires=datetime(2027, 9, 1, tzinfo=UTC), unused=1)
    found = sent(harness)
    assert [(to, subject) for to, subject, _ in found] == [
        ("ada@example.org", "Training keys expire soon: Autumn"),
        ("bea@example.org", "Training keys expire soon: Autumn"),
    ]
    assert "expires on 2027-09-01 00:00 UTC. 1 of its training keys has not been redeemed." in found[0][2]
    assert {row["pool_id"] for row in harness.rows()} == {str(pool.id)}


@pytest.mark.feature("NTF-1", "DUE-1")
def test_the_end_is_told_on_the_clocks_of_the_recipient(harness: Harness) -> None:
    pool = Pool(harness)
    own = {"access_days": None, "anonymous_registration": None, "key_field": None, "time_zone": "Asia/Tokyo"}
    harness.tell("directory", (directory.OrganisationProfiled, pool.branch, own))
    pool.warn(keys.PoolExpiring, expires=END, unused=2)
    texts = {to: text for to, _, text in sent(harness)}
    assert "2027-03-02 08:30 Asia/Tokyo" in texts["bea@example.org"]
    assert "2027-03-01 23:30 UTC" in texts["ada@example.org"]
