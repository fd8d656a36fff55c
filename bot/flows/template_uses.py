"""What a template looks at, and whether it minds if that is missing.

A use is guarded where a missing value does no harm: behind `| default(...)`, as a bare test of an `if`, or inside the
branch of an `if` that is only taken where the value is there.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from jinja2 import nodes

MAX_DEPTH = 40
_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Use:
    subject: str
    """`answers.reason`, or the part of it that was written."""
    line: int
    """Within the text, from 1."""
    guarded: bool


def uses(tree: nodes.Template) -> tuple[Use, ...]:
    """Every value that the template looks at, in the order of the text, each once."""
    return tuple(dict.fromkeys(_walk(tree, _NOTHING)))


def too_deep(words: str, tree: nodes.Template) -> bool:
    """Whether reading or compiling it could exhaust the stack. Brackets leave no node, so they are counted as text."""
    level, deepest = 0, 0
    for char in words:
        level += (char == "(") - (char == ")")
        deepest = max(deepest, level)
    layer: list[nodes.Node] = [tree]
    depth = 0
    while layer and depth <= MAX_DEPTH:
        layer = [child for node in layer for child in node.iter_child_nodes()]
        depth += 1
    return depth > MAX_DEPTH or deepest > MAX_DEPTH


def half_ifs(tree: nodes.Template) -> tuple[int, ...]:
    """The lines of `a if b` without `else`, whose value is missing where b does not hold."""
    return tuple(node.lineno for node in tree.find_all(nodes.CondExpr) if node.expr2 is None)


def _walk(node: nodes.Node, sure: frozenset[str]) -> Iterator[Use]:
    """`sure` are the subjects that are known to be there at this place."""
    subject = _subject(node)
    if subject:
        yield Use(subject, node.lineno, subject in sure)
        return
    match node:
        case nodes.Filter(name="default" | "d", node=nodes.Expr() as inner):
            yield from _soft(inner, sure)
            for argument in (*node.args, *node.kwargs):
                yield from _walk(argument, sure)
        case nodes.Test(name="defined" | "undefined"):
            yield from _soft(node.node, sure)
        case nodes.If():
            yield from _condition(node.test, sure)
            yield from _each(node.body, sure | _truths(node.test))
            for other in (*node.elif_, *node.else_):
                yield from _walk(other, sure | _falsities(node.test))
        case nodes.CondExpr():
            yield from _condition(node.test, sure)
            yield from _walk(node.expr1, sure | _truths(node.test))
            if node.expr2 is not None:
                yield from _walk(node.expr2, sure | _falsities(node.test))
        case nodes.And() | nodes.Or() | nodes.Not():
            yield from _condition(node, sure)
        case _:
            yield from _each(list(node.iter_child_nodes()), sure)


def _each(found: list[nodes.Node], sure: frozenset[str]) -> Iterator[Use]:
    for node in found:
        yield from _walk(node, sure)


def _soft(node: nodes.Node, sure: frozenset[str]) -> Iterator[Use]:
    """A place where a missing value is expected."""
    subject = _subject(node)
    if subject:
        yield Use(subject, node.lineno, guarded=True)
    else:
        yield from _walk(node, sure)


def _condition(test: nodes.Node, sure: frozenset[str]) -> Iterator[Use]:
    match test:
        case nodes.And():
            yield from _condition(test.left, sure)
            yield from _condition(test.right, sure | _truths(test.left))
        case nodes.Or():
            yield from _condition(test.left, sure)
            yield from _condition(test.right, sure | _falsities(test.left))
        case nodes.Not():
            yield from _condition(test.node, sure)
        case _:
            yield from _soft(test, sure)


def _truths(test: nodes.Node) -> frozenset[str]:
    """What is there where the test holds."""
    match test:
        case nodes.And():
            return _truths(test.left) | _truths(test.right)
        case nodes.Or():
            return _truths(test.left) & _truths(test.right)
        case nodes.Not():
            return _falsities(test.node)
        case nodes.Test(name="defined"):
            return _only(test.node)
        case _:
            return _only(test)


def _falsities(test: nodes.Node) -> frozenset[str]:
    """What is there where the test does not hold."""
    match test:
        case nodes.Or():
            return _falsities(test.left) | _falsities(test.right)
        case nodes.And():
            return _falsities(test.left) & _falsities(test.right)
        case nodes.Not():
            return _truths(test.node)
        case nodes.Test(name="undefined"):
            return _only(test.node)
        case _:
            return _NOTHING


def _only(node: nodes.Node) -> frozenset[str]:
    subject = _subject(node)
    return frozenset((subject,)) if subject else _NOTHING


def _subject(node: nodes.Node) -> str:
    """`contact.first_name` of the nodes that read it; empty for anything else."""
    match node:
        case nodes.Name():
            return node.name
        case nodes.Getattr():
            inner = _subject(node.node)
            return f"{inner}.{node.attr}" if inner else ""
        case nodes.Getitem(arg=nodes.Const(value=str() as name)):
            inner = _subject(node.node)
            return f"{inner}.{name}" if inner else ""
        case _:
            return ""
