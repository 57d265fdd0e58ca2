"""What every page has to be, whatever it shows: one heading, labelled fields, no inline style or script (PORTAL's 1.8)."""

import re
from html.parser import HTMLParser

_VOID = frozenset({"meta", "link", "input", "img", "br", "hr", "path"})
_FIELDS = frozenset({"input", "select", "textarea"})


class Page(HTMLParser):
    """A parsed page. `faults` says what is wrong with it, in words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.ids: list[str] = []
        self.labels: set[str] = set()
        self.fields: list[dict[str, str | None]] = []
        self.seeking: list[dict[str, str | None]] = []
        """The fields of the frame that look for something; `fields` are the page's own."""
        self.headings: list[int] = []
        self.links: list[str] = []
        self.lang: str | None = None
        self.title = ""
        self.text: list[str] = []
        self.references: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        self._judge()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in _VOID:
            self._open.append(tag)
        if given.get("id") is not None:
            self.ids.append(str(given["id"]))
        for name, value in attrs:
            if name == "style" or name.startswith("on"):
                self.faults.append(f"<{tag}> has an inline {name}")
            if name in ("aria-describedby", "aria-labelledby", "for") and value:
                self.references += value.split()
        if tag == "html":
            self.lang = given.get("lang")
        if tag == "label" and given.get("for"):
            self.labels.add(str(given["for"]))
        if tag in _FIELDS and given.get("type") not in ("hidden", "submit"):
            fields = self.seeking if given.get("type") == "search" else self.fields
            fields.append({**given, "inside label": str("label" in self._open)})
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "a" and given.get("href"):
            self.links.append(str(given["href"]))
        if tag in ("script", "style") and not given.get("src"):
            self.faults.append(f"an inline <{tag}>")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        if not self._open or self._open.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing that is open")

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "title":
            self.title += data
        elif data.strip():
            self.text.append(" ".join(data.split()))

    def _judge(self) -> None:
        if self._open:
            self.faults.append(f"never closed: {self._open}")
        if self.headings.count(1) != 1:
            self.faults.append(f"{self.headings.count(1)} first headings")
        for before, after in zip(self.headings, self.headings[1:], strict=False):
            if after > before + 1:
                self.faults.append(f"a heading {after} follows a heading {before}")
        for twice in {one for one in self.ids if self.ids.count(one) > 1}:
            self.faults.append(f"the id {twice} stands twice")
        for field in (*self.fields, *self.seeking):
            if not (field.get("id") in self.labels or field.get("aria-label") or field["inside label"] == "True"):
                self.faults.append(f"no label: {field}")
        self.faults += [f"nothing has the id {one}" for one in self.references if one not in self.ids]
        if not self.lang:
            self.faults.append("no language")
        if not self.title.endswith("– Rollbook") or self.title.startswith("–"):
            self.faults.append(f"the title is {self.title!r}")


def checked(html: str) -> Page:
    """Raises AssertionError for a page that is not as every page has to be."""
    page = Page(html)
    assert not page.faults, page.faults
    return page
