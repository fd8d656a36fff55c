"""A response as JSON: the one shape of the web hook's `data`, a line of `responses.jsonl` and the export. Pure.

Times are RFC 3339, UTC, with milliseconds, or null. `contact` tells for each fact where it comes from: `typed` by the
person in the chat, `proven` by a signed token, or only `claimed` by the page; what was typed wins.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache

from bot.model import CaseFacts, Entry, Response, Value

CONTACT = "contact."


def moment(ms: int) -> str | None:
    """RFC 3339 with milliseconds; None for 0, which stands for never."""
    if not ms:
        return None
    seconds, rest = divmod(ms, 1000)
    return f"{_second(seconds)}.{rest:03}Z"


@lru_cache(1024)  # a response has many times within few seconds, and formatting one is what costs
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def contact_of(response: Response) -> Mapping[str, tuple[str, str]]:
    """Fact -> (value, source)."""
    found = {key: (fact.value, "proven" if fact.proven else "claimed") for key, fact in response.contact.items()}
    for answer in response.answers:
        if answer.key.startswith(CONTACT):
            found[answer.key.removeprefix(CONTACT)] = (str(answer.value), "typed")
    return found


def data_of(response: Response, longest: int | None = None) -> dict[str, object]:
    """The response in full, or with every text cut to `longest` characters. Transcript only where there is one."""
    r = response

    def cut(text: str) -> str:
        return text if longest is None or len(text) <= longest else text[: longest - 1] + "…"

    def value(of: Value) -> int | str | list[str]:
        if isinstance(of, int):
            return of
        return cut(of) if isinstance(of, str) else [cut(part) for part in of]

    data: dict[str, object] = {
        "chat": r.chat,
        "revision": r.revision,
        "flow": r.flow,
        "flow_version": r.flow_version,
        "channel": r.channel,
        "locale": r.locale,
        "timezone": r.timezone,
        "score": r.score,
        "segment": r.segment,
        "outcome": r.outcome or None,
        "sample": r.sample,
        "answers": [
            {"key": a.key, "kind": a.kind, "value": value(a.value), "label": cut(a.label), "at": moment(a.at)}
            for a in r.answers
        ],
        "contact": {key: {"value": cut(text), "source": source} for key, (text, source) in contact_of(r).items()},
        "context": {key: cut(text) for key, text in r.context.items()},
        "clicks": [{"step": c.step, "link": c.link, "at": moment(c.at)} for c in r.clicks],
        "visitor": cut(r.visitor),
        "started_at": moment(r.started),
        "scored_at": moment(r.scored),
        "updated_at": moment(r.updated),
        "ended_at": moment(r.ended),
    }
    if r.case is not None:
        data["case"] = case_of(r.case, cut)
    if r.transcript:
        data["transcript"] = [_entry(entry, cut(entry.text)) for entry in r.transcript]
    return data


def case_of(case: CaseFacts, cut: Callable[[str], str] = str) -> dict[str, object]:
    """What became of the person to win back."""
    return {
        "state": case.state,
        "rule": case.rule,
        "owner": cut(case.owner) or None,
        "outcome": case.outcome or None,
        "counts": case.counts or None,
        "cause": case.cause or None,
        "note": cut(case.note),
        "opened_at": moment(case.opened),
        "due_at": moment(case.due),
        "resolved_at": moment(case.resolved),
    }


def _entry(entry: Entry, text: str) -> dict[str, object]:
    return {"seq": entry.seq, "at": moment(entry.at), "author": entry.author, "text": text}
