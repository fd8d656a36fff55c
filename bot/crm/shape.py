"""A response as JSON: the one shape of the web hook's `data`, a line of `responses.jsonl` and the export. Pure.

Times are RFC 3339, UTC, with milliseconds, or null. `contact` tells for each fact where it comes from: `typed` by the
person in the chat, `proven` by a signed token, or only `claimed` by the page; what was typed wins.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache

from bot.model import CaseFacts, Entry, Response

CONTACT = "contact."


@lru_cache(1024)  # the times of a response are few: that of an answer is that of a score, of a change or of its end
def moment(ms: int) -> str | None:
    """RFC 3339 with milliseconds; None for 0, which stands for never."""
    if not ms:
        return None
    seconds, rest = divmod(ms, 1000)
    return f"{_second(seconds)}.{rest:03}Z"


@lru_cache(1024)  # formatting it is what costs
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def contact_of(response: Response) -> Mapping[str, tuple[str, str]]:
    """Fact -> (value, source)."""
    found = {key: (fact.value, "proven" if fact.proven else "claimed") for key, fact in response.contact.items()}
    for answer in response.answers:
        if answer.key.startswith(CONTACT):
            found[answer.key.removeprefix(CONTACT)] = (str(answer.value), "typed")
    return found


def data_of(response: Response) -> dict[str, object]:
    """The response in full. Transcript only where there is one."""
    r = response
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
            {"key": a.key, "kind": a.kind, "value": a.value, "label": a.label, "at": moment(a.at)} for a in r.answers
        ],
        "contact": {key: {"value": text, "source": source} for key, (text, source) in contact_of(r).items()},
        "context": dict(r.context),
        "clicks": [{"step": c.step, "link": c.link, "at": moment(c.at)} for c in r.clicks],
        "visitor": r.visitor,
        "started_at": moment(r.started),
        "scored_at": moment(r.scored),
        "updated_at": moment(r.updated),
        "ended_at": moment(r.ended),
    }
    if r.case is not None:
        data["case"] = case_of(r.case)
    if r.transcript:
        data["transcript"] = [_entry(entry) for entry in r.transcript]
    return data


def case_of(case: CaseFacts) -> dict[str, object]:
    """What became of the person to win back."""
    return {
        "state": case.state,
        "rule": case.rule,
        "owner": case.owner or None,
        "outcome": case.outcome or None,
        "counts": case.counts or None,
        "cause": case.cause or None,
        "note": case.note,
        "opened_at": moment(case.opened),
        "due_at": moment(case.due),
        "resolved_at": moment(case.resolved),
    }


def _entry(entry: Entry) -> dict[str, object]:
    return {"seq": entry.seq, "at": moment(entry.at), "author": entry.author, "text": entry.text}
