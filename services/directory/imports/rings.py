"""Rings among units and their parents, or jobs and their managers: of each one row is refused, whatever the order of the rows."""

from collections.abc import Collection, Hashable, Iterator, Mapping
from typing import TypeVar

from services.directory.imports.drafts import Draft

K = TypeVar("K", bound=Hashable)


def closing(
    above: Mapping[K, Collection[K]], before: Mapping[K, Collection[K]], rows: Mapping[K, Draft]
) -> list[Draft]:
    """Of every ring the row that closes it: one that changes what was there `before`, else one that is new; of several that of
    the greatest key. What is as it was closes none.

    Without it another ring may be left among the others: look again.
    """
    found = []
    for ring in _rings(above):
        candidates = [rows[one] for one in ring if one in rows and list(above[one]) != list(before.get(one, ()))]
        if candidates:
            found.append(max(candidates, key=lambda d: (not d.new, d.key, str(d.line.cells.get("person", "")))))
    return found


def _rings(above: Mapping[K, Collection[K]]) -> Iterator[list[K]]:
    """The strongly connected parts, by Tarjan, without recursion; a node alone only where it is above itself."""
    order: dict[K, int] = {}
    low: dict[K, int] = {}
    path: list[K] = []
    on_path: set[K] = set()
    for start in above:
        if start in order:
            continue
        work = [(start, iter(above.get(start, ())))]
        _enter(start, order, low, path, on_path)
        while work:
            node, rest = work[-1]
            for other in rest:
                if other not in order and other in above:
                    _enter(other, order, low, path, on_path)
                    work.append((other, iter(above[other])))
                    break
                if other in on_path:
                    low[node] = min(low[node], order[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == order[node]:
                    part = _leave(node, path, on_path)
                    if len(part) > 1 or node in above[node]:
                        yield part


def _enter(node: K, order: dict[K, int], low: dict[K, int], path: list[K], on_path: set[K]) -> None:
    order[node] = low[node] = len(order)
    path.append(node)
    on_path.add(node)


def _leave(node: K, path: list[K], on_path: set[K]) -> list[K]:
    part = []
    while True:
        one = path.pop()
        on_path.discard(one)
        part.append(one)
        if one == node:
            return part
