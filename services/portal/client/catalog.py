"""What pages read of the catalog."""

from uuid import UUID

from services.portal.client.asking import Asking, Reply


class Offering(Reply):
    id: str
    title: str
    kind: str | None = None
    code: str | None = None

    @property
    def pair(self) -> tuple[str, str]:
        """For a choice: its id, and its title with the code, since titles are not unique."""
        return self.id, f"{self.title} ({self.code})" if self.code else self.title


class OfferingHead(Reply):
    """What every page of an offering says of it. `published`: the number of the version that learners are assigned to."""

    id: str
    title: str
    kind: str
    code: str
    active: bool
    published: int | None = None


def offering_head(ask: Asking, id: UUID) -> OfferingHead:
    return ask.one(OfferingHead, f"/api/catalog/offerings/{id}")


def offerings(ask: Asking) -> list[Offering]:
    """Those to choose from, by title."""
    return ask.listed(Offering, "/api/catalog/offerings", {"limit": 500}).items


def offerings_called(ask: Asking, text: str, *, active: bool | None = None) -> list[Offering]:
    """The first whose title or code has this, by title; `active`: those that are, or are not."""
    return ask.listed(Offering, "/api/catalog/offerings", {"q": text, "active": active, "limit": 25}).items


class _Longest(Reply):
    access_days: int | None = None


def courses(ask: Asking, title: str) -> list[Offering]:
    """Those whose title or code has this, by title."""
    found = ask.listed(Offering, "/api/catalog/offerings", {"q": title, "limit": 500}).items
    return [one for one in found if one.kind == "course"]


def longest_access(ask: Asking, id: UUID) -> int | None:
    """How many days of access a course gives at most; None: as organisations set it."""
    return ask.one(_Longest, f"/api/catalog/offerings/{id}").access_days


def offerings_meant(ask: Asking, title: str) -> list[Offering]:
    """Those whose title or code has this, by title; the one with just this title or code alone, where there is one."""
    found = ask.listed(Offering, "/api/catalog/offerings", {"q": title, "limit": 50}).items
    exact = [one for one in found if title.strip().casefold() in (one.title.casefold(), (one.code or "").casefold())]
    return exact if len(exact) == 1 else found
