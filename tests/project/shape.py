"""The shape of the code in figures, with the worst of each: `python -m tests.project.shape`. It judges nothing."""

import ast
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = [path for folder in ("services", "shared") for path in sorted((ROOT / folder).rglob("*.py"))]
APPLICATION = "services.enrollment.application"


def lines_of_files() -> dict[str, int]:
    return {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in CODE}


def lines_of_functions() -> dict[str, int]:
    found = {}
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                name = f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
                found[name] = (node.end_lineno or node.lineno) - node.lineno + 1
    return found


def occurrences(text: str) -> int:
    return sum(path.read_text().count(text) for path in CODE)


def class_names() -> Counter[str]:
    """How often each name of a class stands, all services together."""
    trees = (ast.parse(path.read_text()) for path in CODE)
    return Counter(node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef))


def arrows(package: str = APPLICATION) -> dict[str, set[str]]:
    """From each room of the package (a folder or a file right in it) to the rooms that it imports."""
    folder = ROOT / package.replace(".", "/")
    found: dict[str, set[str]] = defaultdict(set)
    for path in folder.rglob("*.py"):
        room = path.relative_to(folder).parts[0].removesuffix(".py")
        if room == "__init__":
            continue
        found[room] |= {_room(module, package) for module in _imported(path)} - {room, ""}
    return dict(found)


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def _room(module: str, package: str) -> str:
    return module.removeprefix(f"{package}.").split(".")[0] if module.startswith(f"{package}.") else ""


def floors(graph: Mapping[str, set[str]]) -> tuple[int, list[tuple[str, str]]]:
    """How many floors the rooms need when each stands above what it imports, and the arrows that run back to do so."""
    height: dict[str, int] = {}
    back = []

    def stand(room: str, path: tuple[str, ...]) -> int:
        if room not in height:
            below = []
            for other in sorted(graph.get(room, ())):
                if other in (*path, room):
                    back.append((room, other))
                else:
                    below.append(stand(other, (*path, room)))
            height[room] = 1 + max(below, default=0)
        return height[room]

    return max((stand(room, ()) for room in sorted(graph)), default=0), back


def _spread(title: str, sizes: Mapping[str, int]) -> str:
    values = sorted(sizes.values())
    worst = max(sizes, key=lambda name: sizes[name])
    p95 = values[int(len(values) * 0.95)]
    return (
        f"{title}: {len(values)}, lines median {statistics.median(values):.0f}, p95 {p95}, most {values[-1]} ({worst})"
    )


def report() -> Sequence[str]:
    graph = arrows()
    height, back = floors(graph)
    often = sorted(name for name, times in class_names().items() if times > 2)
    return [
        _spread("files", lines_of_files()),
        _spread("functions", lines_of_functions()),
        f"type: ignore: {occurrences('type: ' + 'ignore')}",
        f"int(str(: {occurrences('int(' + 'str(')}",
        f"rooms of {APPLICATION}: {len(graph)}, floors {height}, arrows {sum(map(len, graph.values()))}, back {len(back)}",
        *(f"    back: {one} -> {other}" for one, other in back),
        f"class names that stand three times or more: {len(often)}: {', '.join(often)}",
    ]


if __name__ == "__main__":
    print("\n".join(report()))
