"""What the desk shows in Slack. Pure.

What a customer wrote stands in `rich_text`, where nothing is markup; names and facts, which may come from a page, are
escaped, and their fields are verbatim. Moments are Slack's own dates, so everybody reads their own time. `text` is a
full sentence, since that is the notification.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from bot.channels.slack.kit import Block, actions, button, cut, escape, plain, text_blocks
from bot.desk.base import Action, Card, CardFact, Notice

CLAIM, OUTCOME, RELEASE, MORE = "case_claim", "case_resolve", "case_release", "case_more"
HAND_OVER = "case_hand_over"
MENU = {
    "link": "Copy link to this case",
    "crm": "Open in the CRM",
    "handover": "Hand over to …",
    "snooze_1h": "Snooze for an hour",
    "snooze_tomorrow": "Snooze until tomorrow",
}
BUTTONS: dict[Action, tuple[str, str]] = {
    "claim": (CLAIM, "Claim"),
    "outcome": (OUTCOME, "Outcome …"),
    "release": (RELEASE, "Release"),
}
SOURCES = {"typed": "", "proven": " (proven)", "claimed": " (claimed)", "": ""}
FIELDS = 4
MARKS = {"reached": "white_check_mark", "internal": "lock", "undelivered": "warning"}


def message(card: Card) -> tuple[str, Sequence[Block]]:
    """(text, blocks) of a card."""
    return escape(card.text), tuple(_resolved(card) if card.state == "resolved" else _open(card))


def _open(card: Card) -> Iterator[Block]:
    wish = f" {escape(card.wish)}" if card.wish else ""
    yield {**_first(card), "text": mrkdwn(f"{_head(card)}{wish}")}
    for quote in card.quotes:
        yield quoted(quote)
    if card.facts:
        yield {"type": "section", "fields": [mrkdwn(_fact(fact, "\n")) for fact in card.facts[:FIELDS]]}
    if rest := card.facts[FIELDS:]:
        yield context(" · ".join(_fact(fact, " ") for fact in rest))
    if card.script:
        yield context(f":memo: {escape(card.script)}")
    yield context(_state(card))
    yield actions(
        [
            button(BUTTONS[one][0], BUTTONS[one][1], card.key, style="" if number else "primary")
            for number, one in enumerate(card.actions)
        ]
    )


def _resolved(card: Card) -> Iterator[Block]:
    text = f"{_head(card)} · resolved: *{bold(card.outcome)}*"
    yield {**_first(card), "text": mrkdwn(text)}
    yield context(f"{agent(card.owner)} in {card.took}" if card.owner else f"by itself, after {card.took}")


def _first(card: Card) -> Block:
    """The block with the menu. Its id is the case: an option has no room for it."""
    return {"type": "section", "block_id": card.key, "accessory": _menu(card)}


def _head(card: Card) -> str:
    score = "*No score yet*" if card.score is None else f"*{card.score} of 10*"
    return f"{score} · *{bold(card.name)}*"


def _menu(card: Card) -> Block:
    shown = [key for key in MENU if key != "crm" or card.crm]
    if card.state == "resolved":
        shown = [key for key in shown if key in ("link", "crm")]
    options: list[Block] = []
    for key in shown:
        one: dict[str, object] = {"text": plain(MENU[key]), "value": key}
        options.append(one | ({"url": card.crm} if key == "crm" else {}))
    return {"type": "overflow", "action_id": MORE, "options": options}


def _state(card: Card) -> str:
    """The one line with deadline and owner."""
    who = f"{agent(card.owner)} has it since {moment(card.since)}" if card.owner else "nobody has it yet"
    if card.state == "snoozed":
        first = f"*Snoozed until {moment(card.until)}*"
    elif card.overdue:
        told = f" · told {mention(card.told)}" if card.told else ""
        if card.next_at:
            told = f" · next {mention(card.next)} at {moment(card.next_at)}" if card.next else ""
        first = f":warning: *Overdue since {moment(card.due)}*{told}"
    elif card.due and not card.owner:
        first = f"*Claim by {moment(card.due)}*"
    else:
        first = ""
    last = f"resolve by {moment(card.due)}" if card.owner and card.due and not card.overdue else ""
    away = f":door: {bold(card.name)} {card.away}" if card.away else ""
    demo = "demo page" if card.sample else ""
    call = mention(card.mention) if card.mention else ""
    return " · ".join(filter(None, (away, first, who, last, escape(card.origin), demo, call)))


def _fact(fact: CardFact, between: str) -> str:
    value = " ".join(fact.value.split())
    shown = f"<{fact.link}|{_label(value)}>" if fact.link else escape(value)
    words, address = fact.more
    more = f" · <{address}|{_label(words)}>" if address else ""
    return f"*{bold(fact.label)}*{SOURCES[fact.source]}{between}{shown}{more}"


def notice(said: Notice, link: str = "") -> tuple[str, Sequence[Block], str]:
    """(text, blocks, as whom) of a message in a thread or beside it."""
    if said.quote:
        return escape(f"{said.name}: {cut(said.quote, 2_000)}"), tuple(text_blocks(said.quote)), said.name
    call = f"{mention(said.mention)} " if said.mention else ""
    due = f" {moment(said.due)}" if said.due else ""
    more = f" <{link}|Open the case>" if link else ""
    if said.lead:
        shown = f":speech_balloon: *{bold(said.lead)}*  {escape(said.text).replace('//', '`//`')}"
        return f"{escape(said.lead)} {escape(said.text)}", (context(shown),), ""
    return f"{call}{escape(said.text)}{due}{more}", (context(f"{call}{escape(said.text)}{due}{more}"),), ""


def quoted(text: str) -> Block:
    """What a customer wrote."""
    return {
        "type": "rich_text",
        "elements": [{"type": "rich_text_quote", "elements": [{"type": "text", "text": text}]}],
    }


def moment(at: int) -> str:
    """In the reader's own time: https://docs.slack.dev/messaging/formatting-message-text#date-formatting"""
    plainly = datetime.fromtimestamp(at / 1000, UTC).strftime("%d %b %H:%M UTC")
    return f"<!date^{at // 1000}^{{date_short_pretty}}, {{time}}|{plainly}>"


def agent(name: str) -> str:
    return f"<@{name.rpartition(':')[2]}>"


def mention(whom: str) -> str:
    """A mention as the settings write it (`@here`, `U02MAYA`, `S01DESK`), or an agent."""
    if whom.startswith("@"):
        return f"<!{whom[1:]}>"
    name = whom.rpartition(":")[2]
    return f"<!subteam^{name}>" if name.startswith("S") else f"<@{name}>"


def context(text: str) -> Block:
    return {"type": "context", "elements": [mrkdwn(cut(text, 2_900))]}


def mrkdwn(text: str) -> Block:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def bold(text: str) -> str:
    """Inside stars: escaped, on one line, and without stars of its own."""
    return escape(" ".join(text.replace("*", " ").split())) or "…"


def _label(text: str) -> str:
    """Behind a link."""
    return escape(text).replace("|", "¦")
