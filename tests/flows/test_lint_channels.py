"""What the checker says of channels that cut or split what a flow says."""

import pytest

from bot.flows.load import check_source
from bot.limits import SLACK, TELEGRAM, Limits

FLOW = """
version: 1
brand: {{name: Acme}}
languages: [en]
flows:
  one:
    start: pick
    steps:
      pick:
        kind: choice
        say: "Which?"
        options: {{{options}}}
        then: bye
      bye: {{kind: message, say: "Thanks.", end: completed}}
"""


def said(options: str) -> list[str]:
    _, problems = check_source(FLOW.format(options=options), "flows.yaml", ())
    return [f"{problem.level} {problem.path}: {problem.message}" for problem in problems]


@pytest.mark.parametrize(("length", "warned"), [(64, False), (65, True)])
def test_a_label_that_is_cut(length: int, warned: bool) -> None:
    found = said(f'a: "{"x" * length}", b: "short"')
    assert found == (
        [f'warning one / pick / options / a: Telegram cuts a label after 64 characters: "{"x" * 40}…" has 65']
        if warned
        else []
    )


@pytest.mark.parametrize("limits", [SLACK, TELEGRAM], ids=["Slack", "Telegram"])
def test_a_step_never_has_more_options_than_a_channel_shows(limits: Limits) -> None:
    options = ", ".join(f'k{at}: "Option {at}"' for at in range(limits.options + 1))
    assert [line for line in said(options) if line.startswith("error") and "too many" in line]


def test_a_label_whose_length_is_not_known_is_left_alone() -> None:
    long = "x" * 70
    assert said(f"""a: "{{{{ context.page_title | default('{long}') }}}}", b: "short" """) == []
