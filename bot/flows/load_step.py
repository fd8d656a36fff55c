"""One step of a flow: the keys that all kinds share, its ways out, and what its kind reads for itself."""

import re
from urllib.parse import urlsplit

from bot.flows.conditions import UNREAD, parse_when
from bot.flows.nodes import Table, nearest
from bot.flows.spec import Condition, Option, Rule, Step
from bot.flows.steps import KINDS
from bot.flows.steps.base import StepKind

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
_SAVE_AS = re.compile(r"(?:contact\.)?[A-Za-z][A-Za-z0-9_]{0,39}")
_END = re.compile(r"[a-z][a-z0-9_]{0,39}")
MAX_OPTIONS = 40
MAX_WAYS = 40
_OWN_ENDS = ("abandoned", "stopped")
_NO_ENDS = ("true", "false", "yes", "no", "on", "off")
_PLACE = re.compile(r"\{[{%].*?[}%]\}")
_FOR_TO = ("then", "else", "default", "goto", "next")
"""What is written for `to` in a rule by who knows other languages."""
_SPAN = re.compile(r"[0-9]+ *(?:-|–|\.\.) *[0-9]+")


def read_step(table: Table, name: str, steps: Table) -> Step:
    """Read a step; `steps` is the table of all of them. A step of an unknown kind keeps what can be understood."""
    if not _NAME.fullmatch(name):
        message = f'"{name[:40]}" cannot be the name of a step'
        table.problem(message, "a letter, then letters, digits and _ (40 at most)")
    kind = _kind(table)
    optional, timeout = table.flag("optional"), table.duration("timeout")
    silent = kind is not None and (kind.staffed or not kind.waits)
    options = _options(table, kind)
    step = Step(
        name=name,
        kind=kind.name if kind else "",
        mark=table.mark,
        path=table.path,
        say=table.text("say", required=kind is not None and not silent),
        end=_end(table),
        save_as=_save_as(table, kind),
        optional=optional and not silent,
        timeout=0 if silent else timeout,
        options=options,
        gating=_gating(table, kind),
        config=kind.parse(table) if kind else None,
        then_mark=table.key_mark("then") if "then" in table.keys() else None,  # noqa: SIM118 - a Table is no dict
        then=_then(table, steps),
    )
    if step.end and table.shape("then") != "missing":
        table.problem("a step that ends the chat leads nowhere", "keep `end` or `then`", mark=table.key_mark("then"))
    if kind and silent:
        for key in ("optional", "timeout", "save_as"):
            if table.shape(key) != "missing":
                table.problem(f"a {kind.name} step asks nothing, so it has no `{key}`", f"remove  {key}", key)
    if kind:
        table.finish()
        _check_outcomes(table, step, kind)
    return step


def outcomes_of(step: Step) -> tuple[str, ...]:
    """Every outcome that a step can have; empty where its kind is unknown."""
    kind = KINDS.get(step.kind)
    if kind is None:
        return ()
    language = (("skipped",) if step.optional else ()) + (("timeout",) if step.timeout else ())
    return (*kind.outcomes(step), *language)


def is_url(text: str) -> bool:
    """Whether it is an absolute web address that can be shown to a person."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"[\s<>\"\\]", text)


def _kind(table: Table) -> StepKind | None:
    written = table.string("kind", required=True)
    if written and written not in KINDS:
        near = nearest(written, KINDS)
        hint = f'did you mean "{near}"?' if near else "kinds: " + ", ".join(KINDS)
        table.problem(f'there is no kind of step "{written[:40]}"', hint, "kind")
    return KINDS.get(written)


def _options(table: Table, kind: StepKind | None) -> tuple[Option, ...]:
    if kind is not None and kind.name == "choice":
        options = table.options("options")
        if not options and table.shape("options") in ("missing", "table"):
            table.problem("a choice needs options", 'options: {yes: "Yes", no: "No, thanks"}', "options")
        for option in _few(table, options, "options"):
            if option.url is not None:
                table.problem("an option of a choice has no url", "use a link step", mark=option.mark)
            if option.key in ("skipped", "timeout"):
                table.problem(f'"{option.key}" is an outcome of its own', "choose another key", mark=option.mark)
        return options[:MAX_OPTIONS]
    if kind is not None and kind.name == "link":
        links = table.options("links")
        if not links and table.shape("links") in ("missing", "table"):
            hint = 'links: {google: {label: Google, url: "https://..."}}'
            table.problem("a link step needs links", hint, "links")
        for link in _few(table, links, "links"):
            _check_url(table, link)
        return links[:MAX_OPTIONS]
    return ()


def _few(table: Table, options: tuple[Option, ...], key: str) -> tuple[Option, ...]:
    if len(options) > MAX_OPTIONS:
        table.problem(
            f"{len(options)} {key} are too many: {MAX_OPTIONS} at most", "leave some out", mark=table.key_mark(key)
        )
    return options[:MAX_OPTIONS]


def _check_url(table: Table, link: Option) -> None:
    if link.url is None:
        hint = f'{link.key}: {{label: ..., url: "https://..."}}'
        table.problem(f'the link "{link.key}" has no url', hint, mark=link.mark)
        return
    for language, url in link.url.by_language.items():
        # A value may stand behind the host alone: whoever sets a fact must not choose whose site is offered.
        bare = _PLACE.sub("{}", url)
        if not is_url(bare) or "{}" in urlsplit(bare).netloc:
            message = f'"{url[:40]}" is not a web address'
            table.problem(message, 'url: "https://example.com/..."', mark=link.url.marks.get(language, link.url.mark))


def _end(table: Table) -> str:
    end = table.string("end")
    if end and (not _END.fullmatch(end) or end in (*_OWN_ENDS, *_NO_ENDS)):
        message = f'"{end[:40]}" cannot be the outcome of a chat'
        table.problem(message, "end: completed   (abandoned and stopped are the service's own)", "end")
    return end


def _save_as(table: Table, kind: StepKind | None) -> str:
    save_as = table.string("save_as")
    if save_as and not _SAVE_AS.fullmatch(save_as):
        message = f'"{save_as[:40]}" cannot be a key of an answer'
        hint = "letters, digits and _, for example\nsave_as: reason   or   save_as: contact.phone"
        table.problem(message, hint, "save_as")
    elif save_as and kind is not None and kind.name == "nps":
        table.problem("the score is always kept as `score`", "remove  save_as", "save_as")
    return save_as


def _gating(table: Table, kind: StepKind | None) -> bool:
    if kind is None or kind.name != "link":
        return False
    written = table.string("gating")
    if written and written != "accepted":
        table.problem(f'"{written[:40]}" is not known here', "gating: accepted   or leave it out", "gating")
    return bool(written)


def _then(table: Table, steps: Table) -> tuple[Rule, ...]:
    """The ways out, in the order in which they are tried. A way to a step that does not exist is reported and kept."""
    shape = table.shape("then")
    if shape == "table" and (inner := table.table("then")) is not None:
        ways = [_way(inner, key, steps, outcome=key) for key in inner.keys()]  # noqa: SIM118 - a Table is no dict
    elif shape == "list" and (plain := table.plain("then")):
        hint = "then: [{when: {score: 0..6}, to: why}, {to: bye}]"
        table.problem("a list of rules is expected here", hint, mark=plain[0].mark)
        ways = [Rule(name.value, name.mark, when=Condition((UNREAD,), name.mark)) for name in plain]
        ways.append(Rule(plain[-1].value, plain[-1].mark))  # so that what this mistake hides is not told as another
    elif shape == "list":
        ways = [_ruled(item, steps) for item in table.tables("then", "[{when: {score: 0..6}, to: why}, {to: bye}]")]
    else:
        ways = [_way(table, "then", steps)]
    if len(ways) > MAX_WAYS + 2:
        table.problem(f"{len(ways)} ways are too many: {MAX_WAYS} at most", "use an option for several", "then")
        ways = ways[:MAX_WAYS]
    return tuple(way for way in ways if way is not None)


def _ruled(item: Table, steps: Table) -> Rule | None:
    when = item.table("when", example="{score: 0..6}")
    condition = None if when is None else parse_when(when)
    if condition is None and item.shape("when") != "missing":
        condition = Condition((UNREAD,), item.key_mark("when"))
    other = next((key for key in _FOR_TO if item.shape("to") == "missing" and item.shape(key) == "text"), "")
    if other:
        item.problem(
            f'"{other}" is not known here', f"- {'when: ..., ' if when else ''}to: ...", mark=item.key_mark(other)
        )
    way = _way(item, other or "to", steps, when=condition, required=True)
    item.finish()
    return way


def _way(
    table: Table,
    key: str,
    steps: Table,
    *,
    outcome: str | None = None,
    when: Condition | None = None,
    required: bool = False,
) -> Rule | None:
    written = table.scalar(key, required, example="next_step")
    if written is None:
        return None
    names = steps.keys()
    if written.value not in names:
        near = nearest(written.value, names)
        line = steps.key_mark(near).line
        hint = f'did you mean "{near}" (line {line})?' if near else "steps: " + ", ".join(names[:12])
        table.problem(f'there is no step "{written.value[:40]}"', hint, key)
    mark = written.mark if when is None else when.mark
    return Rule(written.value, mark, outcome, when)


def _check_outcomes(table: Table, step: Step, kind: StepKind) -> None:
    """Every outcome that `then` speaks of is one of the step's own."""
    known = outcomes_of(step)
    inner = table.table("then") if table.shape("then") == "table" else None
    named = [(r.outcome, inner.key_mark(r.outcome)) for r in step.then if inner is not None and r.outcome is not None]
    for rule in step.then:
        for check in rule.when.tests if rule.when else ():
            if check.subject == "outcome":
                named += [(value, check.mark) for value in check.accepts if isinstance(value, str)]
    for outcome, mark in named:
        if outcome not in known:
            near = nearest(outcome, known)
            hint = f'did you mean "{near}"?' if near else _why_not(outcome, known)
            article = "an" if kind.name[0] in "aeo" or kind.name == "nps" else "a"
            table.problem(f'{article} {kind.name} step has no outcome "{outcome[:40]}"', hint, "then", mark=mark)


def _why_not(outcome: str, known: tuple[str, ...]) -> str:
    if outcome == "skipped":
        return "a step can be skipped with  optional: true"
    if outcome == "timeout":
        return "a step times out with  timeout: 10m"
    own = "its outcomes: " + ", ".join(known)
    if "promoter" in known and _SPAN.fullmatch(outcome):
        return own + "\nranges of scores are rules:  then: [{when: {score: 0..6}, to: ...}, {to: ...}]"
    return own
