"""Proofs that need the settings or the whole flow, and advice: things that work and that an owner should know of."""

import re
from collections.abc import Collection, Iterator

from bot.errors import Mark, Problem
from bot.flows.conditions import SUBJECTS, spans
from bot.flows.lint_graph import NO_ANSWER, SCORES, Graph, asks, key_of
from bot.flows.lint_texts import answer_keys, texts_of
from bot.flows.load_step import outcomes_of
from bot.flows.nodes import nearest
from bot.flows.phrases import LANGUAGES
from bot.flows.spec import Book, Range, Step
from bot.flows.steps.handoff import HandoffConfig
from bot.flows.steps.slot import SlotConfig

LEAST_CONTRAST = 4.5

_REWARD = re.compile(
    r"\b(?:vouchers?|coupons?|discounts?|rewards?|gift ?cards?|prize|raffle|free gift"
    r"|bons? d'achat|bons? de réduction|remise|cadeaux?|réductions?|tirage au sort|chèques?-cadeaux?"
    r"|gutscheine?|rabatte?|geschenke?|gewinnspiel|verlosung"
    r"|vales?|cup[oó]n(?:es)?|descuentos?|regalos?|sorteo)\b|\d{1,3} ?%",
    re.IGNORECASE,
)


def prove_hours(book: Book, graph: Graph, hours: Collection[str]) -> Iterator[Problem]:
    """Slot steps and handoffs name opening hours that the settings know."""
    lines = book.source.splitlines()
    for step in graph.flow.steps.values():
        if isinstance(step.config, SlotConfig | HandoffConfig) and step.config.hours and step.config.hours not in hours:
            near = nearest(step.config.hours, hours)
            hint = f'did you mean "{near}"?' if near else "in the settings file: " + (", ".join(hours) or "none yet")
            mark = _find(lines, step.mark, rf"\bhours:\s*[\"']?({re.escape(step.config.hours)})")
            words = f'there are no opening hours "{step.config.hours[:40]}"'
            yield Problem(mark, f"{step.path} / hours", words, hint)


def prove_conditions(book: Book, graph: Graph) -> Iterator[Problem]:
    """Conditions look at answers that a step saves, for values that it can have, and at languages of the file."""
    steps = graph.flow.steps.values()
    keys = answer_keys(graph.flow)
    for step in steps:
        for check in (check for rule in step.then if rule.when for check in rule.when.tests):
            family, _, key = check.subject.partition(".")
            path = f"{step.path} / then"
            if family == "answers" and key not in keys:
                near = key if key in SUBJECTS else f"answers.{near}" if (near := nearest(key, keys)) else ""
                hint = f'did you mean "{near}"?' if near else "answers: " + (", ".join(sorted(keys)) or "none")
                yield Problem(check.mark, path, f'no step of this flow saves "{key}"', hint)
                continue
            known = book.languages if check.subject == "locale" else _values(steps, key) if family == "answers" else ()
            for value in check.accepts if known else ():
                if not isinstance(value, Range) and str(value) not in known:
                    near = nearest(str(value), known)
                    hint = f'did you mean "{near}"?' if near else "one of " + ", ".join(known)
                    yield Problem(check.mark, path, f'{check.subject} is never "{value}"', hint)


def _values(steps: Collection[Step], key: str) -> tuple[str, ...]:
    """Every value that an answer can have; empty where it can be anything."""
    asked = [step for step in steps if asks(step) and key_of(step) == key]
    if any(step.kind not in ("choice", "yesno") for step in asked):
        return ()
    return tuple(outcome for step in asked for outcome in outcomes_of(step) if outcome not in NO_ANSWER)


def prove_keys(graph: Graph) -> Iterator[Problem]:
    """No chat answers two steps that save under the same key: one answer would hide the other. Nor does any give two
    scores: what follows the score could mean either."""
    by_key: dict[str, list[Step]] = {}
    for step in graph.flow.steps.values():
        if asks(step):
            by_key.setdefault("" if step.kind == "nps" else key_of(step), []).append(step)
    for key, steps in by_key.items():
        if len(steps) < 2:
            continue
        after = {step.name: _after(graph, step.name) for step in steps}
        for number, second in enumerate(steps):
            first = next(
                (s for s in steps[:number] if second.name in after[s.name] or s.name in after[second.name]), None
            )
            if first is not None and not key:
                words = f'a chat has one score, and "{first.name}" (line {first.mark.line}) on the same way asks for it'
                yield Problem(second.mark, second.path, words, "ask this with a choice")
            elif first is not None:
                words = f'"{key}" is saved by "{first.name}" (line {first.mark.line}) on the same way'
                yield Problem(second.mark, f"{second.path} / save_as", words, f"save_as: {key}_2   in one of the two")


def advise(book: Book, graph: Graph) -> Iterator[Problem]:
    """Warnings about links that are offered to some only, and about rewards beside them."""
    for step in graph.flow.steps.values():
        if step.kind != "link":
            continue
        yield from _gating(graph, step)
        near = [
            step,
            *(s for s in graph.flow.steps.values() if not asks(s) and any(r.to == step.name for r in s.then)),
        ]
        for text in (text for other in near for text in texts_of(other)):
            for language, words in text.by_language.items():
                if found := _REWARD.search(words):
                    mark = text.marks.get(language, text.mark)
                    message = f'a reward ("{found[0]}") beside review links'
                    hint = "Review sites and regulators forbid a reward for a review: leave it out."
                    yield Problem(mark, text.path, message, hint, "warning")
                    break


def advise_languages(book: Book) -> Iterator[Problem]:
    """Languages in which the service's own words (skip, not understood, reminder) are missing."""
    for language in book.languages:
        if language.partition("-")[0] not in LANGUAGES:
            mark = _find(
                book.source.splitlines(), Mark("", 1, 1), rf"^languages:.*?(?<![\w-])({re.escape(language)})(?![\w-])"
            )
            words = f'the service\'s own words are not there in "{language}" yet and will be English'
            hint = "its own languages: " + ", ".join(LANGUAGES)
            yield Problem(mark, "languages", words, hint, "warning")


def advise_color(book: Book) -> Iterator[Problem]:
    """White on the brand colour: what browsers without relative colours show."""
    ratio = contrast_with_white(book.brand.color)
    if ratio < LEAST_CONTRAST:
        color = book.brand.color
        mark = _find(book.source.splitlines(), Mark("", 1, 1), rf"({re.escape(color)})")
        words = f"white text on {color} has a contrast of {ratio:.1f} in older browsers, {LEAST_CONTRAST} is needed"
        hint = f'Newer browsers take black text by themselves. To be safe in all:\ncolor: "{darker(color)}"'
        yield Problem(mark, "brand / color", words, hint, "warning")


def contrast_with_white(color: str) -> float:
    """The contrast ratio of WCAG 2.2 between white and a colour `#rgb` or `#rrggbb`."""
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in _rgb(color)]
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)


def darker(color: str) -> str:
    """The nearest darker shade on which white can be read."""
    rgb = _rgb(color)
    for percent in range(100, -1, -1):
        shade = "#" + "".join(f"{round(part * 255 * percent / 100):02x}" for part in rgb)
        if contrast_with_white(shade) >= LEAST_CONTRAST:
            return shade
    return "#000000"


def _rgb(color: str) -> tuple[float, ...]:
    digits = color[1:] if len(color) == 7 else "".join(digit * 2 for digit in color[1:])
    return tuple(int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))


def _gating(graph: Graph, step: Step) -> Iterator[Problem]:
    """Links that the better scores are offered and worse ones never."""
    offered = {score for known in graph.scores_at(step.name) if known is not None for score in graph.all_of(known)}
    if None in graph.scores_at(step.name) or step.gating or not offered or not set(SCORES) - offered:
        return
    if max(offered) < max(SCORES) or min(set(SCORES) - offered) > min(offered):
        return
    down_to = {9: "only promoters are", 7: "only passives and promoters are"} if max(offered) == 10 else {}
    who = down_to.get(min(offered), "") if len(offered) == 11 - min(offered) else ""
    words = f"{who or f'only scores {spans(offered)} are'} offered the public review link"
    forbidden = 'Review sites and regulators forbid this ("review gating").'
    hint = f"{forbidden}\nOffer it to everyone, or say that it is meant:  gating: accepted"
    into = [r for s in graph.flow.steps.values() for r in s.then if r.to == step.name]
    yield Problem(into[0].mark if len(into) == 1 else step.mark, step.path, words, hint, "warning")


def _after(graph: Graph, name: str) -> set[str]:
    """The steps that can follow this one in a chat."""
    found: set[str] = set()
    waiting = [node for node in graph.edges if node[0] == name]
    seen = set(waiting)
    while waiting:
        for edge in graph.edges[waiting.pop()]:
            if edge.to is not None:
                found.add(edge.to[0])
                if edge.to not in seen:
                    seen.add(edge.to)
                    waiting.append(edge.to)
    return found


def _find(lines: list[str], mark: Mark, pattern: str) -> Mark:
    """The first match of the pattern's group from a place on; the place itself where there is none."""
    for number in range(mark.line - 1, len(lines)):
        if match := re.search(pattern, lines[number]):
            return Mark(mark.file, number + 1, match.start(1) + 1, len(match[1]))
    return mark
