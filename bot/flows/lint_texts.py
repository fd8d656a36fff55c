"""Proofs about the texts of a flow: each is a valid template, and nothing is used before it can be set on every way."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.errors import Mark, Problem
from bot.flows.lint_graph import Graph, Node, asks, gives_answer, key_of, staffed
from bot.flows.nodes import nearest
from bot.flows.render import LONGEST, NAMES, faults, has_template, parse
from bot.flows.spec import Book, Flow, Step, Text
from bot.flows.steps import KINDS
from bot.flows.template_uses import Use, half_ifs, too_deep, uses

_WHOLE = ("score", "segment", "locale")
"""Names that are values; the others have parts."""
_ALWAYS = ("brand.name", "locale")
_WRONG_NAME = re.compile(r'no (?:filter|test) "(\w+)"')
_ONE_BRACE = re.compile(rf"(?<!{{){{ *((?:{'|'.join(NAMES)})\b[\w.]*)[^{{}}%#]*}}(?!}})")
_NEVER: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text is said: what is sure to be set there."""

    sure: frozenset[str]
    why: Mapping[str, str]
    """Of keys that may be missing here: the reason, where there is one."""


def texts_of(step: Step) -> Iterator[Text]:
    """Every text of a step that a person reads."""
    if step.say is not None:
        yield step.say
    yield from (option.label for option in step.options)
    kind = KINDS.get(step.kind)
    if kind is not None:
        yield from kind.texts(step).values()


def flow_texts(flow: Flow) -> Iterator[Text]:
    """Texts of the flow that belong to no step."""
    yield from (text for text in (flow.invite, flow.timers.remind_say) if text is not None)


def answer_keys(flow: Flow) -> frozenset[str]:
    """What can stand behind `answers.`: a score is `score`, and facts of the person are `contact.`."""
    asked = (step for step in flow.steps.values() if asks(step) and step.kind != "nps")
    return frozenset(key for key in map(key_of, asked) if not key.startswith("contact."))


def prove_texts(book: Book, graph: Graph) -> Iterator[Problem]:
    flow = graph.flow
    lines = book.source.splitlines()
    keys = answer_keys(flow)
    everything = frozenset(key_of(step) for step in flow.steps.values()) | set(_WHOLE)
    sure: dict[str, frozenset[str]] = {}
    for (name, _), found in _sure(graph).items():
        sure[name] = sure.get(name, found) & found
    why = _reasons(flow)
    for step in flow.steps.values():
        # Whoever asks for a human comes from any question: of a handoff's own texts nothing is sure.
        place = Place(_NEVER if staffed(step) else sure.get(step.name, everything), why)
        urls = (option.url for option in step.options if option.url is not None)
        for text in (*texts_of(step), *urls):
            yield from _text(text, place, keys, lines)
    for text in flow_texts(flow):
        yield from _text(text, Place(_NEVER, {}), keys, lines)


def _text(text: Text, place: Place, keys: frozenset[str], lines: list[str]) -> Iterator[Problem]:
    same = len(set(text.marks.values())) < 2
    for language, words in text.by_language.items():
        mark = text.marks.get(language, text.mark)
        path = text.path if same else f"{text.path} / {language}"
        if not words.strip():
            yield Problem(mark, path, "this text is empty", "write it, or leave the key out")
        if len(words) > LONGEST:
            yield Problem(mark, path, f"a text has at most {LONGEST:,} characters", "shorten it")
        for found, message, hint in _slips(words):
            yield Problem(locate(lines, mark, words, 1, found), path, message, hint, "warning")
        if len(words) <= LONGEST and has_template(words):
            for line, word, message, hint in _template(words, place, keys):
                yield Problem(locate(lines, mark, words, line, word), path, message, hint)


def _slips(words: str) -> Iterator[tuple[str, str, str]]:
    """(word to underline, message, hint) of what a visitor would read as it stands and nobody means."""
    if found := _ONE_BRACE.search(words):
        yield found[1], f'"{found[0]}" is shown as it stands', "a value has two braces:  {{ " + found[1] + " }}"
    if words.startswith(("\u201c", "\u201e")) and words.endswith(("\u201c", "\u201d")):
        yield "", "the curly quotes are part of the text", 'a text stands in straight quotes:  "..."'


def _template(words: str, place: Place, keys: frozenset[str]) -> Iterator[tuple[int, str, str, str]]:
    """(line in the text, word to underline, message, hint) of everything wrong in a template."""
    try:
        refused = faults(words)
        # With a wrong filter alone, what else is wrong can still be told.
        tree = parse(words) if all("no filter" in fault.message for fault in refused) else None
        deep = tree is not None and too_deep(words, tree)
    except RecursionError:
        refused, tree, deep = (), None, True
    if deep:
        yield 1, "", "this template is nested too deeply", "make it simpler"
        return
    for fault in refused:
        word = _WRONG_NAME.search(fault.message)
        near = nearest(word[1], fault.hint.removeprefix("known: ").split(", ")) if word else ""
        yield fault.line, word[1] if word else "", fault.message, f'did you mean "{near}"?' if near else fault.hint
    if tree is None:
        return
    for line in half_ifs(tree):
        yield line, "", "an inline if needs its else", "for example  {{ a if b else c }}"
    for use in uses(tree):
        wrong = _use(use, place, keys)
        if wrong is not None:
            yield use.line, use.subject, *wrong


def _use(use: Use, place: Place, keys: frozenset[str]) -> tuple[str, str] | None:
    """(message, hint) where this value is unknown, or may be missing."""
    name, _, part = use.subject.partition(".")
    if name not in NAMES:
        near = nearest(use.subject, (*NAMES, *_ALWAYS, *(f"answers.{key}" for key in keys))) or nearest(name, NAMES)
        known = "known here: " + ", ".join(NAMES)
        known += f"\na fact about the person: contact.{use.subject}   words: '{use.subject}'"
        return f'"{use.subject}" is not known in a text', f'did you mean "{near}"?' if near else known
    if (name in _WHOLE) == bool(part) or "." in part:
        example = {"brand": "brand.name", "answers": f"answers.{min(keys, default='reason')}"}
        hint = f"for example  {{{{ {name if name in _WHOLE else example.get(name, name + '.email')} }}}}"
        return f'"{use.subject}" is not a value', hint
    if name == "brand" and part != "name":
        return f'"{use.subject}" is not known in a text', 'did you mean "brand.name"?'
    if name == "answers" and part not in keys:
        near = part if part in _WHOLE else f"answers.{near}" if (near := nearest(part, keys)) else ""
        hint = f'did you mean "{near}"?' if near else "answers: " + ", ".join(sorted(keys))
        return f'no step of this flow saves "{part}"', hint
    subject = part if name == "answers" else use.subject
    if use.guarded or use.subject in _ALWAYS or subject in place.sure:
        return None
    why = place.why.get(subject, "")
    return (
        f'"{use.subject}" may be missing here{why}',
        f"{{{{ {use.subject} | default('...') }}}}   or   an if around it",
    )


def _reasons(flow: Flow) -> dict[str, str]:
    """Why an answer may be missing, where one step alone asks for it."""
    by_key: dict[str, list[Step]] = {}
    for step in flow.steps.values():
        by_key.setdefault(key_of(step), []).append(step)
    alone = {key: steps[0] for key, steps in by_key.items() if len(steps) == 1}
    return {
        key: f', since "{step.name}" can be skipped'
        if step.optional
        else f', since not every way here asks "{step.name}"'
        for key, step in alone.items()
    }


def _sure(graph: Graph) -> dict[Node, frozenset[str]]:
    """For every node what is set on every way to it: keys of answers, and score and segment."""
    start: Node = (graph.flow.start, None)
    found: dict[Node, frozenset[str]] = {start: _NEVER} if start in graph.edges else {}
    waiting = list(found)
    while waiting:
        node = waiting.pop()
        step = graph.flow.steps[node[0]]
        for edge in graph.edges[node]:
            if edge.to is None:
                continue
            after = found[node]
            if edge.answers and gives_answer(step, edge.outcome) and step.kind != "nps":
                after |= {key_of(step)}
            before = found.get(edge.to)
            merged = after if before is None else before & after
            if merged != before:
                found[edge.to] = merged
                waiting.append(edge.to)
    scored = frozenset(("score", "segment"))
    return {node: keys | scored if node[1] is not None else keys for node, keys in found.items()}


def locate(lines: list[str], mark: Mark, words: str, line: int, word: str) -> Mark:
    """The place of `word` in the file, where it stands in line `line` of a text that begins at `mark`."""
    if not word:
        return mark
    first = mark.line - 1
    last = min(first + words.count("\n") + 3, len(lines))
    pattern = re.compile(rf"(?<![\w.]){re.escape(word)}(?!\w)")
    order = sorted(range(first, last), key=lambda number: abs(number - (first + line - 1)))
    for number in order:
        match = pattern.search(lines[number], mark.column - 1 if number == first else 0)
        if match:
            return Mark(mark.file, number + 1, match.start() + 1, len(word))
    return mark
