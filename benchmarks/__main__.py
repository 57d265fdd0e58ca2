"""`make bench`: every ratio, as a table and as build/bench.json."""

from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.harness import Bench, Result, bench, write_json
from shared import telemetry

FILES = tuple(sorted(file.stem for file in Path(__file__).parent.glob("p[0-9]*.py")))
"""Every benchmark there is; a new one is a new file."""
out = Console()


def main(
    only: Annotated[str, typer.Option(help="P1,P4: these alone")] = "",
    size: Annotated[int | None, typer.Option(help="Instead of each one's own")] = None,
    rounds: Annotated[int | None, typer.Option(help="Instead of each one's own")] = None,
    to: Annotated[Path, typer.Option(help="Where the results are written")] = Path("build/bench.json"),
) -> None:
    """Measure, print and write. What falls short of its goal is no error: it is shown."""
    telemetry.configure(json=False, level=40)
    wanted = {name.strip().upper() for name in only.split(",") if name.strip()}
    files = {import_module(f"benchmarks.{file}").ID: file for file in FILES}
    if unknown := wanted - set(files):
        raise typer.BadParameter(f"There is no {', '.join(sorted(unknown))}. There are: {', '.join(files)}.")
    results: list[Result] = []
    for id, file in files.items():
        if wanted and id not in wanted:
            continue
        with bench(size, rounds) as machine:
            found = measure(file, machine)
        for one in found:
            results.append(one)
            out.print(
                f"{one.id:4} {one.what}: {one.ratio:.3g} ({one.goal}, {'met' if one.met else 'missed'})",
                highlight=False,
            )
            write_json(results, to)
    out.print(_table(results))


def measure(file: str, machine: Bench) -> list[Result]:
    """What one benchmark finds, on servers that are there."""
    found = import_module(f"benchmarks.{file}").run(machine)
    return found if isinstance(found, list) else [found]


def _table(results: list[Result]) -> Table:
    table = Table("id", "what", "ratio", "from .. to", "goal", "met", "numerator", "denominator", "unit")
    for one in results:
        spread = f"{one.spread[0]:.3g} .. {one.spread[1]:.3g}"
        numbers = (f"{one.numerator:,.4g}", f"{one.denominator:,.4g}")
        table.add_row(
            one.id, one.what, f"{one.ratio:.3g}", spread, one.goal, "yes" if one.met else "no", *numbers, one.unit
        )
    return table


if __name__ == "__main__":
    typer.run(main)
