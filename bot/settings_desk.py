"""Alerts and cases in the settings: SLACK_ALERT_CHANNEL, and the sections `alerts:` and `cases:` of the settings file.

With SLACK_ALERT_CHANNEL alone, detractors alert there. Every key is in settings.example.yaml.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import get_args

from bot.desk.policy import Escalation, Outcome, Policy, Rule
from bot.errors import Mark
from bot.flows.conditions import parse_when
from bot.flows.nodes import Table, nearest
from bot.flows.render import Words, compile_words, faults
from bot.flows.spec import Check, Condition, Range
from bot.model import Counts
from bot.settings_env import Environment

SEGMENTS = ("detractor", "passive", "promoter")
COUNTS = tuple(one for one in get_args(Counts) if one)
CHANNEL = re.compile(r"(?:T[A-Z0-9]{2,20}/)?(?:#[^\s#<>|,]{1,80}|[CG][A-Z0-9]{2,20})")
MENTION = re.compile(r"@(?:here|channel|everyone)|[UWS][A-Z0-9]{2,20}")
KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
MOST_OUTCOMES = 10
"""Radio buttons in one form of Slack."""
MOST_CAUSES = 100
LONGEST_LABEL = 75

DETRACTORS = Condition((Check("score", (Range(0, 6),), Mark("", 1, 1)),), Mark("", 1, 1))


def read_desk(table: Table, timezone: str) -> Policy:
    """Both sections of the file; what is wrong is reported to their tables."""
    found = Policy(timezone=timezone, rules=tuple(_rules(table)))
    cases = table.table("cases")
    return found if cases is None else _cases(cases, found)


def with_channel(chosen: Policy, env: Environment, *, several: bool = False) -> Policy:
    """The whole: `to` is where cases go that no rule sends elsewhere. `several` workspaces may install the app, none of
    them ours by its token: then a channel is named with its workspace, for whoever installs the app would have one of
    that name."""
    channel = env.get("SLACK_ALERT_CHANNEL")
    if channel and not CHANNEL.fullmatch(channel):
        hint = "for example SLACK_ALERT_CHANNEL=#nps-alerts, or the channel's id"
        env.problem("SLACK_ALERT_CHANNEL", f'"{channel}" is not a channel', hint)
        return chosen
    if channel and not (env.get("SLACK_BOT_TOKEN") or env.get("SLACK_CLIENT_ID")):
        hint = "set SLACK_BOT_TOKEN and SLACK_APP_TOKEN, or unset SLACK_ALERT_CHANNEL"
        env.problem("SLACK_ALERT_CHANNEL", "alerts could not be sent: there is no token for Slack", hint)
    rules = chosen.rules
    if channel and not rules:
        rules = (Rule("detractor", channel, when=DETRACTORS),)
    to = channel or next((rule.to for rule in rules if rule.to), "")
    for rule in rules:
        if not rule.to and not to:
            hint = 'write  to: "#nps-alerts"  there, or set SLACK_ALERT_CHANNEL'
            env.problem("SLACK_ALERT_CHANNEL", f"the alert {rule.name} goes nowhere", hint)
    places = {to, chosen.escalate.to, *(rule.to for rule in rules)}
    for place in sorted(place for place in places if several and place and "/" not in place):
        hint = f'write  "T0123/{place}"  with the id of your workspace, or set SLACK_BOT_TOKEN'
        env.problem("SLACK_ALERT_CHANNEL", f"{place} could be in any workspace that installs the app", hint)
    return replace(chosen, rules=rules, to=to)


def _rules(table: Table) -> Iterator[Rule]:
    names: set[str] = set()
    for number, one in enumerate(table.tables("alerts", '[{when: {score: 0..5}, to: "#nps-alerts"}]'), 1):
        name = one.string("name") or f"alert-{number}"
        if not KEY.fullmatch(name):
            one.problem(f'"{name}" cannot be a name', "small letters, digits, - and _ (40 at most)", "name")
        elif name in names:
            one.problem(f'two alerts are called "{name}"', "a case says by its name which one opened it", "name")
        names.add(name)
        when = one.table("when", example="{score: 0..5}")
        words = tuple(word.strip() for word in one.words("words") if word.strip())
        if when is None and not words:
            one.problem("nothing says when it fires", "when: {score: 0..5}   or   words: [lawyer, cancel]")
        yield Rule(
            name=name,
            to=_channel(one, "to"),
            mention=_mention(one, "mention"),
            when=None if when is None else parse_when(when),
            words=words,
            deadline=_deadline(one),
        )
        one.finish()


def _cases(table: Table, found: Policy) -> Policy:
    handoff, escalate = table.table("handoff"), table.table("escalate")
    deadline = _deadline(table)
    found = replace(
        found,
        deadline=found.deadline if deadline is None else deadline,
        remind_before=table.duration("remind_before", found.remind_before),
        callback_before=table.duration("callback_before", found.callback_before),
        outcomes=tuple(_outcomes(table)) or found.outcomes,
        causes=_labels(table, "causes", MOST_CAUSES) or found.causes,
        scripts={**found.scripts, **_scripts(table)},
        tell={**found.tell, **_sentences(table)},
        crm_link=_link(table),
    )
    if handoff is not None:
        found = replace(found, handoff_mention=_mention(handoff, "mention"))
        handoff.finish()
    if escalate is not None:
        after, to = escalate.duration("after"), _channel(escalate, "to")
        found = replace(found, escalate=Escalation(after, to, _mention(escalate, "mention")))
        escalate.finish()
    table.finish()
    return found


def _deadline(table: Table) -> int | None:
    """`24h`, or `none`; None where nothing is said."""
    if table.string("deadline").lower() == "none":
        return 0
    return table.duration("deadline", -1) if table.shape("deadline") != "missing" else None


def _channel(table: Table, key: str) -> str:
    value = table.string(key)
    if value and not CHANNEL.fullmatch(value):
        table.problem(f'"{value}" is not a channel', f'for example  {key}: "#nps-alerts"   (in quotes)', key)
        return ""
    return value


def _mention(table: Table, key: str) -> str:
    value = table.string(key)
    if value and not MENTION.fullmatch(value):
        hint = f'{key}: "@here", "@channel", or the id of a person (U...) or of a group (S...)'
        table.problem(f'"{value}" is nobody that can be mentioned', hint, key)
        return ""
    return value


def _outcomes(table: Table) -> Iterator[Outcome]:
    inner = table.table("outcomes", example="{replaced: {label: Replaced, counts: recovered}}")
    keys = inner.keys() if inner is not None else ()
    if inner is not None and len(keys) > MOST_OUTCOMES:
        inner.problem(f"{len(keys)} outcomes; at most {MOST_OUTCOMES} fit into the form")
    for key in keys:
        one = inner.table(key, example="{label: Replaced, counts: recovered}") if inner is not None else None
        if one is None:
            continue
        if not KEY.fullmatch(key) or key == "corrected":
            one.problem(f'"{key}" cannot be an outcome', "small letters, digits, - and _; `corrected` is ours")
        label, counts = one.string("label", required=True), one.string("counts", required=True)
        _short(one, "label", label)
        if counts and counts not in COUNTS:
            near = nearest(counts, COUNTS)
            hint = f'did you mean "{near}"?' if near else f"one of {', '.join(COUNTS)}"
            one.problem(f'"{counts}" is nothing an outcome counts as', hint, "counts")
        yield Outcome(key, label or key, _counts(counts))
        one.finish()


def _counts(word: str) -> Counts:
    match word:
        case "recovered" | "lost":
            return word
        case _:
            return "no_action"


def _labels(table: Table, key: str, most: int) -> Mapping[str, str]:
    inner = table.table(key, example="{delivery: Delivery and packaging}")
    if inner is None:
        return {}
    found = {}
    if len(inner.keys()) > most:
        inner.problem(f"{len(inner.keys())} entries; at most {most} fit into the form")
    for name in inner.keys():  # noqa: SIM118 - a Table is no dict
        if not KEY.fullmatch(name):
            inner.problem(f'"{name}" cannot be a key', "small letters, digits, - and _ (40 at most)", name)
        found[name] = inner.string(name)
        _short(inner, name, found[name])
    inner.finish()
    return found


def _short(table: Table, key: str, label: str) -> None:
    if len(label) > LONGEST_LABEL:
        table.problem(f"the label has {len(label)} characters; a form shows {LONGEST_LABEL}", "shorten it", key)


def _scripts(table: Table) -> Mapping[str, str]:
    inner = table.table("scripts", example='{detractor: "Ask what happened."}')
    if inner is None:
        return {}
    found = {segment: inner.string(segment) for segment in SEGMENTS if inner.shape(segment) != "missing"}
    inner.finish(*SEGMENTS)
    return found


def _sentences(table: Table) -> Mapping[str, str]:
    """What the customer is told, by language."""
    inner = table.table("tell", example='{en: "{name} has marked this as settled."}')
    if inner is None:
        return {}
    found = {language: inner.string(language) for language in inner.keys()}  # noqa: SIM118 - a Table is no dict
    inner.finish()
    return {language: words for language, words in found.items() if words}


def _link(table: Table) -> Words | None:
    value = table.string("crm_link")
    if not value:
        return None
    wrong = faults(value)
    for fault in wrong:
        table.problem(fault.message, fault.hint, "crm_link")
    if not wrong and not value.startswith(("https://", "http://")):
        hint = 'for example  crm_link: "https://crm.example.com/find?q={{ contact.email | urlencode }}"'
        table.problem("it is not a web address", hint, "crm_link")
        return None
    return None if wrong else compile_words(_encoded(value), {})


def _encoded(link: str) -> str:
    """What a customer says of themselves stays one part of the address, also where `urlencode` was left out."""

    def value(found: re.Match[str]) -> str:
        return found[0] if "urlencode" in found[2] else f"{{{{{found[1]} ({found[2]}) | urlencode {found[3]}}}}}"

    return re.sub(r"\{\{(-?)(.*?)(-?)\}\}", value, link, flags=re.DOTALL)
