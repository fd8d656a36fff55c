"""Whether a mapping fits the flows: reads only what some step saves, waits only for what can happen. Pure.

An error is what can only be a mistake (an answer that no step saves, an option that there is not); a warning what may
be meant (a fact that only a signed page can give).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from bot.crm.mapping.expr import Expr, Use
from bot.crm.mapping.fits import fits, options_of, page_fact
from bot.crm.mapping.mapped import LEFT, Mapped, Section
from bot.crm.mapping.sources import CONTACT
from bot.desk.policy import Policy
from bot.desk.rules import CALLBACK, HANDOFF
from bot.errors import Mark, Problem
from bot.flows.conditions import verdict
from bot.flows.lint_graph import asks, key_of
from bot.flows.nodes import nearest
from bot.flows.spec import Book, Check, Condition, Flow, Step
from bot.limits import CHANNELS
from bot.model import Value, segment_of

NPS, PHONE, SLOT = "nps", "phone", "slot"


@dataclass(slots=True)
class _Flows:
    """What the flows that a mapping is for can give it."""

    flows: tuple[Flow, ...]
    saved: Mapping[str, tuple[Step, ...]] = field(default_factory=dict)
    """Key -> the steps that save it, `contact.` keys included."""

    def has(self, kind: str) -> bool:
        return any(step.kind == kind for flow in self.flows for step in flow.steps.values())

    @property
    def answers(self) -> tuple[str, ...]:
        return tuple(key for key, steps in self.saved.items() if not key.startswith(CONTACT) and steps[0].kind != NPS)

    @property
    def ends(self) -> tuple[str, ...]:
        found = (step.end for flow in self.flows for step in flow.steps.values() if step.end)
        return tuple(dict.fromkeys((*found, *LEFT)))


def check_mapping(mapped: Mapped, name: str, book: Book, desk: Policy | None) -> tuple[Problem, ...]:
    """What is wrong, in the order of the file. `desk` is None where nobody is there to act on cases."""
    found = {(p.mark, p.message): p for p in _Check(mapped, f"writers / {name}", book, desk).all()}
    return tuple(sorted(found.values(), key=lambda p: (p.mark.line, p.mark.column)))


def _flows(flows: tuple[Flow, ...]) -> _Flows:
    saved: dict[str, tuple[Step, ...]] = {}
    for step in (step for flow in flows for step in flow.steps.values() if asks(step)):
        saved[key_of(step)] = (*saved.get(key_of(step), ()), step)
    return _Flows(flows, saved)


class _Check:
    """One check of one mapping."""

    def __init__(self, mapped: Mapped, path: str, book: Book, desk: Policy | None) -> None:
        self.mapped, self.path, self.book, self.desk = mapped, path, book, desk
        self.all_flows = _flows(tuple(book.flows.values()))
        self.flows = _flows(self._meant(mapped.when) or self.all_flows.flows)

    def all(self) -> Iterator[Problem]:
        mapped = self.mapped
        if mapped.when is not None:
            yield from self._condition(mapped.when, f"{self.path} / when")
            if not _possible(mapped.when):
                yield Problem(
                    mapped.when.mark, f"{self.path} / when", "no score meets all of this", "nothing is written"
                )
        for target, match in mapped.match.items():
            for name, expr in match.items():
                yield from self._expr(expr, _path(self.path, "match", target, name), match=True)
        for target, fields in mapped.fields.items():
            for one in fields:
                yield from self._expr(one.expr, _path(self.path, "fields", target, one.name))
        for sections in mapped.sections.values():
            for section in sections:
                yield from self._section(section)

    def _meant(self, when: Condition | None) -> tuple[Flow, ...]:
        """The flows that `when` names."""
        tests = when.tests if when is not None else ()
        named = {str(one) for test in tests if test.subject == "flow" for one in test.accepts}
        return tuple(flow for name, flow in self.book.flows.items() if name in named)

    # Values

    def _expr(self, expr: Expr, path: str, match: bool = False) -> Iterator[Problem]:
        for use in expr.uses:
            family, _, key = use.source.partition(".")
            if family == "answers":
                yield from self._answer(key, use.mark, path)
                yield from (replace(p, path=path) for p in fits(use, self.flows.saved.get(key, ())))
            elif family == "contact":
                yield from self._contact(use, path, match)
            elif family == "context":
                yield from page_fact(use, path)
            else:
                yield from self._known(use, family, path)

    def _answer(self, key: str, mark: Mark, path: str) -> Iterator[Problem]:
        steps = self.flows.saved.get(key, ())
        if steps and steps[0].kind != NPS:
            return
        yield Problem(mark, path, f'no step saves an answer "{key}"', self._hint(key))

    def _hint(self, key: str) -> str:
        flows, known = self.flows, self.flows.answers
        step = next((flow.steps[key] for flow in flows.flows if key in flow.steps), None)
        elsewhere = [f.name for f in self.all_flows.flows if any(key_of(s) == key for s in f.steps.values() if asks(s))]
        if step is not None and step.kind == NPS:
            return "write  score"
        if step is not None and asks(step):
            saved = key_of(step)
            return f"the step {key} saves it as  {saved if saved.startswith(CONTACT) else f'answers.{saved}'}"
        if elsewhere:
            return f"only {' and '.join(elsewhere)} saves it, and `when` is for another flow"
        if CONTACT + key in flows.saved:
            return f"write  {CONTACT}{key}"
        near = nearest(key, known)
        told = f"saved: {', '.join(known[:12])}" if known else "the flow saves no answers beside the score"
        return f'did you mean "answers.{near}"?  {told}' if near else told

    def _contact(self, use: Use, path: str, match: bool) -> Iterator[Problem]:
        if use.source in self.flows.saved:
            return
        asked = [key.removeprefix(CONTACT) for key in self.flows.saved if key.startswith(CONTACT)]
        near = nearest(use.source.removeprefix(CONTACT), asked)
        hint = f'did you mean "{CONTACT}{near}"?' if near else f"ask for it: a step with  save_as: {use.source}"
        if self.mapped.trust == "claimed":
            if near:
                yield Problem(use.mark, path, f"no step asks for {use.source}: a page may say it", hint, "warning")
            return
        told = f"no step asks for {use.source}: where no signed token says it, "
        told += "nobody is found" if match else "it is left out"
        yield Problem(use.mark, path, told, hint, "warning")

    def _known(self, use: Use, family: str, path: str) -> Iterator[Problem]:
        lacks = ""
        if use.source in ("score", "segment", "scored_at") and not self.flows.has(NPS):
            lacks = "no flow asks for a score"
        elif use.source == "quote" and not self.flows.has("text"):
            lacks = "no flow asks for words of theirs"
        elif family == "callback" and not self.flows.has(PHONE):
            lacks = "no flow asks for a phone number"
        elif use.source == "callback.at" and not self.flows.has(SLOT):
            lacks = "no flow offers a time for a call"
        elif family == "case" and self.desk is None:
            lacks = "there are no cases without a channel for alerts"
        if lacks:
            yield Problem(use.mark, path, f"{use.source} is never there: {lacks}", "remove it", "warning")

    # Moments

    def _section(self, section: Section) -> Iterator[Problem]:
        path = f"{self.path} / {section.name}"
        lacks = [self._never(event) for event in section.on]
        if all(lacks):
            yield Problem(section.mark, path, f"this is never done: {lacks[0]}", "remove it, or change `on`", "warning")
        if section.when is not None:
            yield from self._condition(section.when, f"{path} / when")
            both = (*(self.mapped.when.tests if self.mapped.when is not None else ()), *section.when.tests)
            if not _possible(Condition(both, section.when.mark)):
                told = "this never holds" + (" together with `when` of the writer" if self.mapped.when else "")
                yield Problem(section.when.mark, f"{path} / when", told, "", "warning")
        for one in section.fields:
            yield from self._expr(one.expr, f"{path} / fields / {one.name}")

    def _never(self, event: str) -> str:
        """Why it cannot come; empty where it can."""
        if event == "scored" and not self.flows.has(NPS):
            return "no flow asks for a score"
        if event == "callback_requested" and not self.flows.has(PHONE):
            return "no flow asks for a phone number"
        if event in ("case_opened", "case_resolved") and self.desk is None:
            return "there are no cases without a channel for alerts"
        return ""

    # Conditions

    def _condition(self, condition: Condition, path: str) -> Iterator[Problem]:
        for test in condition.tests:
            family, _, key = test.subject.partition(".")
            at = f"{path} / {test.subject}"
            if family == "answers":
                yield from self._answer(key, test.mark, at)
                yield from self._values(test, at, options_of(self.flows.saved.get(key, ())), "answer")
            elif family == "flow":
                yield from self._values(test, at, tuple(self.book.flows), "flow")
            elif family == "outcome":
                yield from self._values(test, at, self.flows.ends, "outcome")
            elif family == "channel":
                yield from self._values(test, at, tuple(CHANNELS), "channel")
            elif family == "locale":
                yield from self._values(test, at, self.book.languages, "language of the flows")
            elif family in ("case", "callback"):
                yield from self._known(Use(test.subject, test.mark), family, at)
                yield from self._case(test, key, at)

    def _case(self, test: Check, key: str, path: str) -> Iterator[Problem]:
        if self.desk is None:
            return
        if key == "rule":
            rules = (*(rule.name for rule in self.desk.rules), HANDOFF, CALLBACK)
            yield from self._values(test, path, rules, "alert")
        elif key == "outcome":
            outcomes = (*(outcome.key for outcome in self.desk.outcomes), "corrected")
            yield from self._values(test, path, outcomes, "outcome of a case")
        elif key == "cause":
            yield from self._values(test, path, tuple(self.desk.causes), "cause")

    def _values(self, test: Check, path: str, known: tuple[str, ...], what: str) -> Iterator[Problem]:
        """Words that are none of a closed list; an empty list is open."""
        for one in test.accepts if known else ():
            if isinstance(one, str | int) and str(one) not in known:
                near = nearest(str(one), known)
                hint = f'did you mean "{near}"?' if near else f"there are: {', '.join(known[:12])}"
                yield Problem(test.mark, path, f'there is no {what} "{str(one)[:40]}"', hint)


def _possible(condition: Condition) -> bool:
    """Whether any score, or none, meets every line that looks at it."""
    scores: tuple[int | None, ...] = (*range(11), None)

    def known(score: int | None) -> Mapping[str, Value | None]:
        return {"score": score, "segment": None if score is None else segment_of(score)}

    return any(verdict(condition, known(score)) is not False for score in scores)


def _path(*parts: str) -> str:
    return " / ".join(part for part in parts if part)
