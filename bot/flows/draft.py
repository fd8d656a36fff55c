"""A chat while a turn is being made: mutable, thrown away at the turn's end, frozen once.

It is also the cursor that the machine moves: `state` and `outcome` are what ways out are decided on.
"""

from bot.flows.facts import known_fact, values_of
from bot.flows.machine import Node, Program
from bot.flows.render import Values
from bot.flows.steps.base import View
from bot.flows.views import see
from bot.model import Answer, Author, Conversation, Effect, Entry, Link, Report, Say, Turn, Value, segment_of

SEEN = 32
"""Inbound ids that are remembered, so that a repeated one changes nothing."""


class Draft:
    """Fields are those of `Conversation` that a turn may change; what else a turn needs is below them."""

    __slots__ = (
        "agent",
        "answer",
        "answers",
        "armed",
        "asked",
        "before",
        "case",
        "clicks",
        "commented",
        "effects",
        "ended",
        "handoff",
        "handoff_at",
        "lines",
        "locale",
        "now",
        "outcome",
        "prefill",
        "program",
        "reminded",
        "reminded_at",
        "reported",
        "rest",
        "result",
        "resume",
        "retries",
        "revision",
        "score",
        "scored",
        "seq",
        "skipped",
        "state",
        "step_seq",
        "suggest",
        "tongue",
        "trail",
        "updated",
    )

    def __init__(self, program: Program, before: Conversation, now: int) -> None:
        self.program = program
        self.before = before
        self.now = now
        self.locale = before.locale
        self.state = before.state
        self.updated = before.updated
        self.step_seq = before.step_seq
        self.seq = before.seq
        self.trail = before.trail
        self.answers = before.answers
        self.skipped = before.skipped
        self.suggest = before.suggest
        self.prefill = before.prefill
        self.retries = before.retries
        self.reminded = before.reminded
        self.reminded_at = before.reminded_at
        self.armed = before.armed
        self.asked = before.asked
        self.score = before.score
        self.scored = before.scored
        self.revision = before.revision
        self.clicks = before.clicks
        self.ended = before.ended
        self.result = before.outcome
        self.handoff = before.handoff
        self.handoff_at = before.handoff_at
        self.agent = before.agent
        self.resume = before.resume
        self.lines = before.lines
        self.commented = before.commented
        self.case = before.case
        self.tongue = program.language(before.locale)
        """The language that the chat is held in."""
        self.effects: list[Effect] = []
        self.outcome = ""
        """Of the step that is being left."""
        self.answer: Value | None = None
        self.rest = ""
        """What was said beside the answer; may answer the next question."""
        self.reported = False
        """Whether something that a response holds has changed."""

    @property
    def timezone(self) -> str:
        return self.before.timezone

    @property
    def node(self) -> Node:
        return self.program.nodes[self.state]

    def say(self, author: Author, text: str, link: Link | None = None, name: str = "") -> None:
        self.seq += 1
        self.effects.append(Say(Entry(self.seq, self.now, author, text, link, name)))

    def view(self, node: Node) -> View:
        """What the kind of this step may see now."""
        return see(
            self.program,
            self.before,
            node,
            locale=self.locale,
            tongue=self.tongue,
            now=self.now,
            values=self.values,
        )

    def values(self) -> Values:
        """What templates see."""
        return values_of(self.before, self.answers, self.score, self.tongue, self.program.brand)

    def fact(self, subject: str) -> Value | None:
        """What a condition sees."""
        match subject:
            case "score":
                return self.score
            case "segment":
                return None if self.score is None else segment_of(self.score)
            case "outcome":
                return self.outcome
            case "answer":
                return self.answer
            case "locale":
                return self.tongue
            case "channel":
                return self.before.address.channel
        return known_fact(self.before, self.answers, subject)

    def keep(self, answer: Answer) -> None:
        """Take an answer at the step that waits: what is off the trail is dropped, the score follows."""
        self._prune(answer)
        self.answer = answer.value
        self.trail = (*self.trail, self.state)

    def leave(self) -> None:
        """The visitor skips the step that waits: an earlier answer to it goes too."""
        self._prune(None)
        self.answer = None
        self.trail = (*self.trail, self.state)
        self.skipped = (*self.skipped, self.state)

    def freeze(self, seen: str = "") -> Turn:
        """The turn. The revision rises where a response exists and what it holds has changed."""
        before = self.before
        if self.reported and self.exists():
            self.revision += 1
            self.effects.append(Report())
        return Turn(
            Conversation(
                before.id,
                before.version + 1,
                before.flow,
                before.flow_version,
                before.address,
                self.locale,
                self.state,
                before.started,
                self.updated,
                before.timezone,
                before.context,
                before.contact,
                before.visitor,
                before.sample,
                self.step_seq,
                self.seq,
                self.trail,
                self.answers,
                self.skipped,
                self.suggest,
                self.prefill,
                self.retries,
                self.reminded,
                self.reminded_at,
                self.armed,
                self.asked,
                (*before.seen[1 - SEEN :], seen) if seen else before.seen,
                self.score,
                self.revision,
                self.clicks,
                self.scored,
                self.ended,
                self.result,
                self.handoff,
                self.handoff_at,
                self.agent,
                self.resume,
                self.lines,
                self.commented,
                self.case,
            ),
            tuple(self.effects),
        )

    def exists(self) -> bool:
        """Whether there is a response: from the score on, or from the first answer on where the flow has no score; and
        wherever there is a case."""
        if self.revision or self.score is not None or self.case is not None:
            return True
        return not self.program.has_score and bool(self.answers)

    def _prune(self, new: Answer | None) -> None:
        old = self.answers
        answers = {step: old[step] for step in self.trail if step in old and step != self.state}
        if new is not None:
            answers[self.state] = new
        if self.skipped:
            on_trail = set(self.trail) - {self.state}
            self.skipped = tuple(step for step in self.skipped if step in on_trail)
        self.reported = self.reported or answers != old
        self.answers = answers
        scores = (answer for answer in answers.values() if answer.kind == "nps")
        score = next(scores, None)
        self.score = score.value if score is not None and isinstance(score.value, int) else None
        self.scored = score.at if score is not None else 0
