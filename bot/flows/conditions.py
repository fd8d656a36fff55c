"""The closed little language of `when`: `{score: 0..6, answers.reason: [price, quality], contact.plan: present}`.

A condition holds where every line of it holds. Nothing is evaluated: a line is a subject and the values it accepts, so
a flow can be proved. `holds` decides in a turn; `verdict` decides as far as only some facts are known, for the checker.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from bot.errors import Mark
from bot.flows.nodes import Scalar, Table, nearest
from bot.flows.spec import Check, Condition, Range
from bot.flows.spec import Scalar as Plain
from bot.model import Value

Facts: TypeAlias = Callable[[str], Value | None]
"""What is known of a subject (`score`, `answers.reason` ...); None where it is missing."""

SUBJECTS = ("score", "segment", "outcome", "answer", "locale", "channel")
FAMILIES = ("answers", "contact", "context")
SEGMENTS = ("detractor", "passive", "promoter")

_NAME = re.compile(r"(?:answers|contact|context)\.[A-Za-z_][A-Za-z0-9_.-]{0,79}")
_RANGE = re.compile(r"(-?[0-9]{1,9})\s*\.\.\s*(-?[0-9]{1,9})")
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,8}")
_SCORES = Range(0, 10)
_COMPARED = re.compile(r"[!=<>]=? *\S.*")
_MEANT = re.compile(r"([0-9]+) *(?:-|–|—|to) *([0-9]+)")

UNREAD = Check("", (), Mark("", 1, 1))
"""Stands for a line that was reported and cannot be read, so that a rule does not seem to hold always or never."""


def holds(condition: Condition, facts: Facts) -> bool:
    """Whether every line holds for these facts."""
    return all(_line(check, facts(check.subject)) for check in condition.tests)


def verdict(condition: Condition, known: Mapping[str, Value | None]) -> bool | None:
    """Whether the condition holds where only the subjects in `known` are known; None where it depends on others."""
    decided: bool | None = True
    for check in condition.tests:
        if check.subject not in known:
            decided = None
        elif not _line(check, known[check.subject]):
            return False
    return decided


def spans(numbers: Iterable[int]) -> str:
    """Numbers as ranges, for a message: `0-6, 9`."""
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(low) if low == high else f"{low}-{high}" for low, high in runs)


def parse_when(table: Table, more: Mapping[str, tuple[str, ...]] = MappingProxyType({})) -> Condition:
    """Read a `when` table; what is wrong in it is reported to the table and left out. `more` are subjects beside those
    of a flow, each with all its values (empty: any)."""
    checks = [_check(table, subject, more) for subject in table.keys()]  # noqa: SIM118 - a Table is no dict
    if not table.keys():
        table.problem("an empty condition", "when: {score: 0..6}   or leave `when` out to hold always")
    return Condition(tuple(UNREAD if check is None else check for check in checks), table.mark)


def _line(check: Check, value: Value | None) -> bool:
    if check.present is not None:
        return check.present == (value is not None and value not in ("", ()))
    if value is None:
        return False
    said = value if isinstance(value, tuple) else (value,)
    return any(_equal(accepted, one) for accepted in check.accepts for one in said)


def _equal(accepted: Plain | Range, value: int | str) -> bool:
    if not isinstance(accepted, Range):
        return accepted == value or str(accepted) == str(value)
    if isinstance(value, int):
        return accepted.low <= value <= accepted.high
    return bool(_INTEGER.fullmatch(value)) and accepted.low <= int(value) <= accepted.high


def _check(table: Table, subject: str, more: Mapping[str, tuple[str, ...]]) -> Check | None:
    mark = table.key_mark(subject)
    written = table.scalars(subject, required=True)
    if subject not in SUBJECTS and subject not in more and not _NAME.fullmatch(subject):
        family = subject.partition(".")[0]
        near = nearest(subject, more) or (family if family in FAMILIES else nearest(family, (*SUBJECTS, *FAMILIES)))
        near = f"{near}.<key>" if near in FAMILIES else near
        known = ", ".join((*SUBJECTS, *more, *(f"{family}.<key>" for family in FAMILIES)))
        hint = f'did you mean "{near}"?' if near else f"known here: {known}"
        table.problem(f'"{subject[:40]}" is nothing a condition can look at', hint, mark=mark)
        return None
    if not written:
        if table.shape(subject) == "list":
            table.problem("an empty list never holds", f"for example  {subject}: [a, b]", subject)
        return None
    if len(written) == 1 and not written[0].quoted and written[0].value in ("present", "absent"):
        return Check(subject, (), mark, present=written[0].value == "present")
    words = more.get(subject, ())
    accepts = tuple(_word(table, subject, one, words) if words else _value(table, subject, one) for one in written)
    read = tuple(value for value in accepts if value is not None)
    return Check(subject, read, mark) if len(read) == len(accepts) else None


def _word(table: Table, subject: str, written: Scalar, words: tuple[str, ...]) -> str | None:
    """One of a closed list."""
    if written.value in words:
        return written.value
    near = nearest(written.value, words)
    hint = f'did you mean "{near}"?' if near else "one of " + ", ".join(words)
    table.problem(f'{subject} is never "{written.value[:40]}"', hint, subject, mark=written.mark)
    return None


def _value(table: Table, subject: str, written: Scalar) -> Plain | Range | None:
    text = written.value
    value: Plain | Range = text
    if match := _RANGE.fullmatch(text):
        value = Range(int(match[1]), int(match[2]))
        if value.low > value.high:
            hint = f"turn it round:  {value.high}..{value.low}"
            table.problem(f"the range {text} is empty", hint, subject, mark=written.mark)
            return None
    elif _INTEGER.fullmatch(text):
        value = int(text)
    if subject == "score" and not _is_score(value):
        meant = _MEANT.fullmatch(text)
        hint = f"write  score: {meant[1]}..{meant[2]}" if meant else "a score is 0 to 10:  score: 0..6"
        table.problem(f'"{text[:40]}" is no score', hint, subject, mark=written.mark)
        return None
    if _COMPARED.fullmatch(text):
        hint = f"name what it may be:  {subject}: [a, b]   or   {subject}: 0..6"
        table.problem(f'"{text[:40]}" is no comparison', hint, subject, mark=written.mark)
        return None
    if subject == "segment" and value not in SEGMENTS:
        near = nearest(text, SEGMENTS)
        hint = f'did you mean "{near}"?' if near else "one of " + ", ".join(SEGMENTS)
        table.problem(f'there is no segment "{text[:40]}"', hint, subject, mark=written.mark)
        return None
    return value


def _is_score(value: Plain | Range) -> bool:
    if isinstance(value, Range):
        return value.low >= _SCORES.low and value.high <= _SCORES.high
    return isinstance(value, int) and _SCORES.low <= value <= _SCORES.high
