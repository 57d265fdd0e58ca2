"""Small changes to a Python source, one at a time: what a slip of the hand could have written instead.

Only the bodies of functions are changed: what runs when a module is loaded is reached by every test and by none.
"""

import ast
import difflib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path

COMPARED: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
}
REMOVED = (ast.Expr, ast.AugAssign, ast.Raise, ast.Continue, ast.Break, ast.Delete)
"""Statements that can be left out without a name going missing."""
COMPUTED: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "//"),
    ast.FloorDiv: ("//", "*"),
    ast.BitAnd: ("&", "|"),
    ast.BitOr: ("|", "&"),
}


@dataclass(frozen=True)
class Change:
    """One changed file. `line` is where, `statement` where the statement around it begins."""

    path: str
    within: str
    line: int
    statement: int
    kind: str
    source: str
    changed: str

    @property
    def id(self) -> str:
        return f"{self.path}:{self.line}:{self.kind}:{sha256(self.changed.encode()).hexdigest()[:12]}"

    @property
    def lines(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The lines taken out and put in, without their indentation: what the list of equal changes has."""
        found = list(difflib.unified_diff(self.source.splitlines(), self.changed.splitlines(), n=0))[2:]
        return (
            tuple(line[1:].strip() for line in found if line.startswith("-")),
            tuple(line[1:].strip() for line in found if line.startswith("+")),
        )

    def diff(self) -> str:
        before, after = self.source.splitlines(), self.changed.splitlines()
        return "\n".join(difflib.unified_diff(before, after, self.path, f"{self.path} in {self.within}", "", "", 2, ""))


def changes(path: str, source: str) -> list[Change]:
    """All of them, in the order of the file; some may not compile or may read the same: see `counts`."""
    found = {change.id: change for change in _Finder(path, source).found()}
    return sorted(found.values(), key=lambda one: (one.line, one.kind, one.id))


def sample(root: Path, files: Sequence[str], count: int, seed: int) -> list[Change]:
    """So many of the changes to those files that count, or all where there are fewer."""
    every = [change for file in sorted(files) for change in changes(file, (root / file).read_text())]
    random.Random(seed).shuffle(every)
    return list(islice(filter(counts, every), count))


def counts(change: Change) -> bool:
    """Whether it compiles, and means something else to Python."""
    try:
        return ast.dump(ast.parse(change.changed)) != ast.dump(ast.parse(change.source))
    except SyntaxError:
        return False


class _Finder:
    def __init__(self, path: str, source: str) -> None:
        self._path, self._source = path, source
        self._starts = [0]
        for line in source.encode().splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))
        self._bytes = source.encode()

    def found(self) -> Iterator[Change]:
        yield from self._scopes(ast.parse(self._source), ())

    def _scopes(self, node: ast.AST, names: tuple[str, ...]) -> Iterator[Change]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                for statement in child.body:
                    yield from self._below(statement, ".".join((*names, child.name)), statement.lineno)
            elif isinstance(child, ast.ClassDef):
                yield from self._scopes(child, (*names, child.name))

    def _below(self, node: ast.AST, within: str, statement: int) -> Iterator[Change]:
        statement = node.lineno if isinstance(node, ast.stmt) else statement
        for kind, first, last, text in self._at(node):
            changed = self._bytes[:first] + text.encode() + self._bytes[last:]
            line = getattr(node, "lineno", statement)
            yield Change(self._path, within, line, statement, kind, self._source, changed.decode())
        for child in ast.iter_child_nodes(node):
            if not (isinstance(child, ast.arguments) or _is_annotation(node, child)):
                yield from self._below(child, within, statement)

    def _at(self, node: ast.AST) -> Iterator[tuple[str, int, int, str]]:
        """What one node can become: the kind of change, from where to where, and the new text."""
        yield from self._operators(node)
        yield from self._statements(node)

    def _operators(self, node: ast.AST) -> Iterator[tuple[str, int, int, str]]:
        match node:
            case ast.Compare():
                sides = [node.left, *node.comparators]
                for left, right, op in zip(sides[:-1], sides[1:], node.ops, strict=True):
                    yield from self._between("compare", left, right, *COMPARED[type(op)])
            case ast.BinOp() if type(node.op) in COMPUTED:
                yield from self._between("compute", node.left, node.right, *COMPUTED[type(node.op)])
            case ast.BoolOp():
                other = " or " if isinstance(node.op, ast.And) else " and "
                yield ("bool", *self._span(node), f"({other.join(f'({self._text(one)})' for one in node.values)})")
                for left_out in node.values:
                    rest = [one for one in node.values if one is not left_out]
                    joined = (" and " if isinstance(node.op, ast.And) else " or ").join(map(self._part, rest))
                    yield ("part", *self._span(node), f"({joined})")
            case ast.UnaryOp(op=ast.Not()):
                yield ("not", *self._span(node), f"({self._text(node.operand)})")
            case ast.Constant(value=bool()):
                yield ("constant", *self._span(node), str(not node.value))
            case ast.Constant(value=int()):
                yield ("constant", *self._span(node), str(node.value + 1))
                yield ("constant", *self._span(node), f"({node.value - 1})")

    def _statements(self, node: ast.AST) -> Iterator[tuple[str, int, int, str]]:
        match node:
            case ast.If() | ast.IfExp():
                yield ("condition", *self._span(node.test), f"(not ({self._text(node.test)}))")
            case ast.comprehension() if node.ifs:
                yield ("filter", *self._span(node.ifs[0]), "True")
            case ast.Return(value=ast.expr() as value) if not _is_nothing(value):
                yield ("return", *self._span(value), "None")
            case ast.Expr(value=ast.Constant()):
                return  # a docstring
            case ast.Call():
                yield from self._swapped(node)
        if isinstance(node, REMOVED):
            yield ("remove", *self._span(node), "pass")

    def _swapped(self, node: ast.Call) -> Iterator[tuple[str, int, int, str]]:
        first, second = (*node.args, None, None)[:2]
        if isinstance(first, ast.Name | ast.Attribute) and isinstance(second, ast.Name | ast.Attribute):
            start, end = self._span(first)[0], self._span(second)[1]
            yield "swap", start, end, f"{self._text(second)}, {self._text(first)}"

    def _between(
        self, kind: str, left: ast.expr, right: ast.expr, old: str, new: str
    ) -> Iterator[tuple[str, int, int, str]]:
        start, end = self._span(left)[1], self._span(right)[0]
        gap = self._bytes[start:end].decode()
        if gap.count(old) == 1:
            yield kind, start, end, gap.replace(old, new)

    def _span(self, node: ast.AST) -> tuple[int, int]:
        assert isinstance(node, ast.expr | ast.stmt)
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return (
            self._starts[node.lineno - 1] + node.col_offset,
            self._starts[node.end_lineno - 1] + node.end_col_offset,
        )

    def _part(self, node: ast.expr) -> str:
        """Of an `and` or `or`: what binds less than they do loses its parentheses by being cut out, and gets them back."""
        binds_less = isinstance(node, ast.BoolOp | ast.IfExp | ast.NamedExpr | ast.Lambda)
        return f"({self._text(node)})" if binds_less else self._text(node)

    def _text(self, node: ast.AST) -> str:
        first, last = self._span(node)
        return self._bytes[first:last].decode()


def _is_annotation(node: ast.AST, child: ast.AST) -> bool:
    return isinstance(node, ast.AnnAssign) and child is node.annotation


def _is_nothing(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None
