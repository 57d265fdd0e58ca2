"""The demo company as rows of the import's files: the same for the same seed and size, generated as they are read."""

import random
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from services.directory import demo_names as words

_SPAN = 8
"""People whom one manager leads directly."""


class Named(NamedTuple):
    country: str
    first_name: str
    last_name: str
    user_name: str
    leaver: bool


@dataclass(frozen=True)
class Company:
    """`size` people. Everything is derived from the seed and a person's number."""

    size: int = 5_000
    seed: int = 1

    @property
    def departments(self) -> list[str]:
        """The ids of the units at the bottom of the legal framework."""
        return [id for id, _, _ in self._legal() if id.count("-") == 3]

    def org(self) -> Iterator[Sequence[str]]:
        yield ("idnumber", "fullname", "frameworkidnumber", "parentidnumber", "timemodified", "deleted")
        for id, name, parent in self._legal():
            yield (id, name, "legal", parent, "0", "0")
        for r, (region, cities) in enumerate(words.REGIONS, 1):
            yield (f"R-{r}", region, "regional", "", "0", "0")
            for c, city in enumerate(cities, 1):
                yield (f"R-{r}-{c}", city, "regional", f"R-{r}", "0", "0")
        for p, project in enumerate(words.PROJECTS, 1):
            yield (f"P-{p}", project, "projects", "", "0", "0")

    def _legal(self) -> Iterator[tuple[str, str, str]]:
        yield "L", "Tidewater Group", ""
        each = max(1, min(len(words.DEPARTMENTS), self.size // 288))
        for c, company in enumerate(words.COMPANIES, 1):
            yield f"L-{c}", company, "L"
            for d, division in enumerate(words.DIVISIONS, 1):
                yield f"L-{c}-{d}", f"{company} {division}", f"L-{c}"
                for n, department in enumerate(words.DEPARTMENTS[:each], 1):
                    yield f"L-{c}-{d}-{n}", f"{department} ({company} {division})", f"L-{c}-{d}"

    def pos(self) -> Iterator[Sequence[str]]:
        yield ("idnumber", "fullname", "frameworkidnumber", "parentidnumber", "timemodified", "deleted")
        for f, (family, positions) in enumerate(words.POSITIONS, 1):
            yield (f"F-{f}", family, "roles", "", "0", "0")
            for p, position in enumerate(positions, 1):
                yield (f"F-{f}-{p}", position, "roles", f"F-{f}", "0", "0")
        for g, grade in enumerate(words.GRADES, 1):
            yield (f"G-{g}", grade, "grades", "", "0", "0")

    def user(self, first: int, last: int) -> Iterator[Sequence[str]]:
        """People number `first` to `last`, both 1 to `size`."""
        yield (
            "idnumber",
            "username",
            "firstname",
            "lastname",
            "email",
            "country",
            "suspended",
            "timemodified",
            "deleted",
        )
        for number in range(first, last + 1):
            one = self.named(number)
            email, suspended = f"{one.user_name}@example.com", "1" if one.leaver else "0"
            yield (
                person_number(number),
                one.user_name,
                one.first_name,
                one.last_name,
                email,
                one.country,
                suspended,
                "0",
                "0",
            )

    def jobassignment(self, first: int, last: int) -> Iterator[Sequence[str]]:
        """A main job for everybody, led by an earlier number; a regional or project job for some."""
        yield (
            "idnumber",
            "useridnumber",
            "fullname",
            "orgidnumber",
            "posidnumber",
            "manageridnumber",
            "managerjaidnumber",
            "startdate",
            "timemodified",
            "deleted",
        )
        departments = self.departments
        for number in range(first, last + 1):
            chance = random.Random(f"{self.seed}/job/{number}")
            family, position = self._position(number, chance)
            title = words.POSITIONS[family - 1][1][position - 1]
            boss = person_number((number - 2) // _SPAN + 1) if number > 1 else ""
            start = f"{chance.randint(1, 28):02}/{chance.randint(1, 12):02}/{chance.randint(2005, 2025)}"
            where = departments[number % len(departments)]
            lead = "main" if boss else ""
            yield ("main", person_number(number), title, where, f"F-{family}-{position}", boss, lead, start, "0", "0")
            if chance.random() < 0.2:
                region = chance.randint(1, len(words.REGIONS))
                city = chance.randint(1, len(words.REGIONS[region - 1][1]))
                grade = f"G-{chance.randint(1, len(words.GRADES))}"
                yield ("regional", person_number(number), title, f"R-{region}-{city}", grade, "", "", start, "0", "0")
            elif chance.random() < 0.1:
                project = f"P-{chance.randint(1, len(words.PROJECTS))}"
                yield ("project", person_number(number), "Project member", project, "", "", "", start, "0", "0")

    def named(self, number: int) -> "Named":
        chance = random.Random(f"{self.seed}/{number}")
        country, firsts, lasts = chance.choice(words.PEOPLE)
        name, family = chance.choice(firsts), chance.choice(lasts)
        user_name = f"{_plain(name)}.{_plain(family)}{number}"
        return Named(country, name, family, user_name, number > 20 and chance.random() < 0.02)

    def leads(self, number: int) -> bool:
        """Whether this person leads a team."""
        return number * _SPAN - _SPAN + 2 <= self.size

    def team(self, number: int) -> list[int]:
        """The numbers of those whom this person leads directly, without leavers."""
        first = (number - 1) * _SPAN + 2
        return [one for one in range(first, min(first + _SPAN, self.size + 1)) if not self.named(one).leaver]

    def in_company(self, company: int, position: str = "") -> list[int]:
        """The numbers of those who lead nobody, have their main job there (in a position, where one is named) and have not left."""
        departments, found = self.departments, []
        for number in range(self.size, 1, -1):
            if self.leads(number):
                break
            family, place = self._position(number, random.Random(f"{self.seed}/job/{number}"))
            here = departments[number % len(departments)].startswith(f"L-{company}-")
            if here and position in ("", f"F-{family}-{place}") and not self.named(number).leaver:
                found.append(number)
        return found[::-1]

    def members(self, audience: int) -> list[int]:
        """The numbers of whoever is in an audience; audiences are counted from 1."""
        chance = random.Random(f"{self.seed}/audience/{audience}")
        return chance.sample(range(1, self.size + 1), min(self.size // 4, 20 * audience))

    def _position(self, number: int, chance: random.Random) -> tuple[int, int]:
        """Numbers of the family and of the position in it."""
        family = len(words.POSITIONS) if self.leads(number) else chance.randint(1, len(words.POSITIONS) - 1)
        return family, chance.randint(1, len(words.POSITIONS[family - 1][1]))


def person_number(number: int) -> str:
    return f"E{number:07}"


def _plain(name: str) -> str:
    text = name.replace("ł", "l").replace("Ł", "L")
    return "".join(c for c in unicodedata.normalize("NFKD", text) if c.isascii() and c.isalpha()).lower()


def as_csv(rows: Iterator[Sequence[str]]) -> bytes:
    """No cell of the demo holds a comma or a quote."""
    return "".join(",".join(row) + "\n" for row in rows).encode()
