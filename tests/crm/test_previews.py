"""A preview of a mapping with names of its owner's own, where the API makes no fields: the stand-in has them too."""

from pathlib import Path

import pytest

from bot.app_writers import configs
from bot.commands.crm_example import Life
from bot.commands.crm_play import play
from bot.settings import load
from tests.crm.writer_parts import answered
from tests.harness.responses import NOON

ADOBE = """\
writers:
  adobe:
    login: {client_id: "${ID}", client_secret: "${SECRET}"}
    organization: acme-mkt-stage
    match: {cusNumber: contact.number, email: contact.email}
    fields: {cusHowMuch: score, cusSure: true, cusWords: quote}
    events: [{event: EVThowMuch, fields: {howMuch: score}}]
"""
SELLSY = """\
writers:
  sellsy:
    login: {client_id: "${ID}", client_secret: "${SECRET}"}
    match: {individual: {email: contact.email}}
    fields:
      individual:
        combien: score
        segment-client: segment | labels(fr)
        quand: scored_at | date
        certain: true
        mots: quote
    comment: {on: [scored], fields: {description: quote}}
    task: {label: À rappeler, on: [scored], fields: {title: "Rappeler"}}
"""


@pytest.mark.parametrize(("settings", "last"), [(ADOBE, "/EVThowMuch"), (SELLSY, "/tasks")], ids=["adobe", "sellsy"])
@pytest.mark.parametrize("unknown", [False, True])
async def test_it_shows_every_request(tmp_path: Path, settings: str, last: str, unknown: bool) -> None:
    (tmp_path / "settings.yaml").write_text(settings, "utf-8")
    config = next(one for one in configs(load({"ID": "id", "SECRET": "a secret"}, tmp_path)) if one.kind != "jsonl")
    life = Life("a chat", (answered(("reason", "text", "too slow"), ("contact.number", "text", "K1")),))
    (played,) = await play(config, [life], lambda: NOON, unknown=unknown)
    assert played.outcome == ""
    assert played.requests[-1].url.endswith(last)
    assert "a secret" not in str(played)
