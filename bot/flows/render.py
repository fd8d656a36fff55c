"""Words with places for values, `Thank you, {{ contact.first_name | default("friend") }}`, made safe and cheap.

Guaranteed:
- Compiled once. Words without a template, or with nothing but the brand in it, are constants and cost nothing a turn.
- A closed language inside jinja2's immutable sandbox: values, `if`, comparisons and the filters of FILTERS. There is no
  call, loop, arithmetic, attribute of a Python object or assignment, so `'a' * 10**8` and `range(10**9)` are refused
  when the file is checked (`faults`), and time and size of a rendering are bounded by the text itself.
- At most LONGEST characters come out.
- Rendering never raises: should it fail in spite of the checker, the words are given without their values.
- What a visitor wrote is only ever a value.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from jinja2 import StrictUndefined, Template, TemplateError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

LONGEST = 4000

NAMES = ("brand", "score", "segment", "answers", "contact", "context", "locale")
"""What a template can see."""

FILTERS = ("capitalize", "d", "default", "first", "int", "last", "length", "lower", "round", "title", "trim", "upper")
FILTERS_WITH_LIMITS = ("truncate", "urlencode")

_ALLOWED: tuple[type[nodes.Node], ...] = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Const,
    nodes.List,
    nodes.Tuple,
    nodes.Filter,
    nodes.Test,
    nodes.If,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Concat,
    nodes.Keyword,
)
_TESTS = ("defined", "undefined", "none", "string", "number", "eq", "equalto", "ne", "lt", "le", "gt", "ge", "in")

Values: TypeAlias = Mapping[str, object]
"""Values by name, as NAMES lists them; facts are dicts. A name whose value is missing is left out."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in a template that is refused. `line` counts from 1 within the text."""

    line: int
    message: str
    hint: str = ""


class _Missing(StrictUndefined):
    """A fact that is not there: `if` takes it as that, anything else that is done with it fails."""

    __slots__ = ()

    def __bool__(self) -> bool:  # type: ignore[override]  # the base says that it never returns
        return False


class _Environment(ImmutableSandboxedEnvironment):
    """Facts are the only things with parts: `contact.items` is the fact of that name, never a method of a dict."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, dict) and isinstance(argument, str) and argument in obj:
            return obj[argument]
        return self.undefined(obj=obj, name=str(argument))


# No autoescape: what comes out is plain text and is never read as markup by a channel.
# Not optimized: constant folding would run a refused expression while it is being looked at.
_ENVIRONMENT = _Environment(undefined=_Missing, autoescape=False, optimized=False, cache_size=0)


@dataclass(frozen=True, slots=True)
class Words:
    """One text in one language, compiled. `fixed` holds it whole where it depends on nothing."""

    fixed: str | None
    plain: str
    """Its words without the values: what is said should rendering fail."""
    template: Template | None = None

    def render(self, values: Callable[[], Values]) -> str:
        return self.fixed if self.fixed is not None else _render(self, values())


def has_template(source: str) -> bool:
    return "{{" in source or "{%" in source or "{#" in source


def parse(source: str) -> nodes.Template:
    """The syntax tree, for the checker. Raises jinja2.TemplateSyntaxError."""
    return _ENVIRONMENT.parse(source)


def faults(source: str) -> tuple[Fault, ...]:
    """Everything in a text that is refused; empty where it can be used."""
    if not has_template(source):
        return ()
    try:
        tree = parse(source)
    except TemplateError as error:
        line = getattr(error, "lineno", 1) or 1
        return (Fault(line, f"not a valid template: {error.message}", 'for example  "Hello {{ brand.name }}"'),)
    return tuple(fault for node in _all(tree) if (fault := _fault(node)) is not None)


def compile_words(source: str, constants: Values) -> Words:
    """Never raises: words that are refused are compiled to what they say without their values."""
    if not has_template(source):
        return Words(source[:LONGEST], source)
    if faults(source):
        plain = re.sub(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", "", source, flags=re.DOTALL)
        return Words(_tidy(plain), "")
    tree = parse(source)
    plain = _tidy("".join(node.data for node in tree.find_all(nodes.TemplateData)))
    words = Words(None, plain, _ENVIRONMENT.from_string(source))
    needed = {name.name for name in tree.find_all(nodes.Name)}
    if needed <= constants.keys():
        return Words(_render(words, constants), plain)
    return words


def _render(words: Words, values: Values) -> str:
    template = words.template
    if template is None:
        return words.plain
    try:
        pieces: list[str] = []
        left = LONGEST
        for piece in template.root_render_func(template.new_context(dict(values))):
            pieces.append(piece[:left])
            left -= len(piece)
            if left <= 0:
                break
        return "".join(pieces)
    except Exception:  # noqa: BLE001 - whatever a filter does on odd data, the chat goes on
        return words.plain


def _tidy(text: str) -> str:
    return re.sub(r"[ \t]+([,.!?…])", r"\1", re.sub(r"[ \t]{2,}", " ", text)).strip()[:LONGEST]


def _all(node: nodes.Node) -> list[nodes.Node]:
    found = [node]
    for child in node.iter_child_nodes():
        found += _all(child)
    return found


def _fault(node: nodes.Node) -> Fault | None:
    line = node.lineno or 1
    if not isinstance(node, _ALLOWED):
        what = type(node).__name__.lower()
        return Fault(line, f'"{what}" is not possible in a text', "values, if, comparisons and filters are")
    if isinstance(node, nodes.Filter) and node.name not in FILTERS + FILTERS_WITH_LIMITS:
        return Fault(line, f'there is no filter "{node.name}"', "known: " + ", ".join(FILTERS + FILTERS_WITH_LIMITS))
    if isinstance(node, nodes.Test) and node.name not in _TESTS:
        return Fault(line, f'there is no test "{node.name}"', "known: " + ", ".join(_TESTS))
    if isinstance(node, nodes.Getitem) and not (isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str)):
        return Fault(line, "only a name in quotes can stand in [ ]", 'for example  answers["reason"]')
    return None
