"""What a card says in every state, and how Slack is given it: held against the vendor's contract."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from bot.channels.slack_desk import blocks, forms
from bot.desk import card as cards
from bot.desk import person
from bot.desk.base import Card, Choices, Home, HomeCase, Notice
from bot.desk.card import Place
from bot.desk.cases import Callback, Case
from bot.desk.home import Counts, figure, shares
from bot.desk.policy import HOUR, MINUTE, Escalation, Policy
from bot.desk.rules import Seen
from bot.desk.words import lasted, slot, tomorrow
from bot.flows.render import compile_words
from bot.model import Answer, Fact
from tests.harness.responses import NOON, a_response
from tests.harness.slack_contract import faults_of

MAYA = "T1:U02MAYA"
POLICY = Policy(
    to="#alerts",
    escalate=Escalation(0, "", "S01DESK"),
    crm_link=compile_words("https://crm.example/{{ contact.email | urlencode }}", {}),
)
SAID = (
    Answer("score", 2, "2", "nps", NOON),
    Answer("reason", "The plant arrived with broken stems.", "The plant arrived with broken stems.", "text", NOON),
    Answer("why", "delivery", "Delivery and packaging", "choice", NOON),
    Answer("contact.phone", "+33612345678", "+33 6 12 34 56 78", "phone", NOON),
)
NADIA = Seen(
    a_response(
        score=2,
        answers=SAID,
        contact={
            "first_name": Fact("Nadia"),
            "last_name": Fact("Benali"),
            "email": Fact("nadia@example.com", True),
            "plan": Fact("gold"),
            "username": Fact("nb7"),
        },
        context={"page_url": "https://shop.example/o/2418", "page_title": "Order <2418>"},
        locale="fr",
    )
)
OPEN = Case(
    "c1", "open", "unhappy", "#a", "@here", NOON, NOON + HOUR, callback=Callback("+33612345678", NOON + 2 * HOUR)
)
MAYAS = replace(OPEN, state="claimed", owner=MAYA, claimed=NOON)
OVER = replace(MAYAS, state="resolved", outcome="replaced", counts="recovered", resolved=NOON + 112 * MINUTE)


def draw(case: Case = OPEN, seen: Seen = NADIA, now: int = NOON, **more: Any) -> Card:
    return cards.draw(seen, case, Place(POLICY, now, "https://survey.example/desk/c1/s/call.ics", **more))


STATES = {
    "open": (
        draw(),
        ("*2 of 10* · *Nadia B.* would like a call back", "*Claim by <!date^", "nobody has it yet", "<!here>"),
    ),
    "claimed": (draw(MAYAS), ("<@U02MAYA> has it since <!date^", "resolve by <!date^")),
    "overdue": (draw(now=NOON + 2 * HOUR, escalated=True), (":warning: *Overdue since", "told <!subteam^S01DESK>")),
    "snoozed": (draw(replace(OPEN, state="snoozed", until=NOON + HOUR)), ("*Snoozed until <!date^",)),
    "waiting": (draw(seen=Seen(NADIA.response, "waiting", NOON)), ("is waiting for a person now",)),
    "left": (draw(seen=Seen(NADIA.response, "joined", NOON), away=True), (":door: Nadia B. has left the page",)),
    "resolved": (draw(OVER), ("· resolved: *Replaced*", "<@U02MAYA> in 1 h 52 min")),
    "corrected": (
        draw(replace(OVER, owner="", outcome="corrected")),
        ("resolved: *Corrected: the score was changed*", "by itself, after"),
    ),
    "no score": (draw(seen=Seen(replace(NADIA.response, score=None, segment=None))), ("*No score yet*",)),
    "demo": (draw(seen=Seen(replace(NADIA.response, sample=True))), ("demo page",)),
}


def faults(text: str, shown: Sequence[Mapping[str, object]]) -> list[str]:
    plain = msgspec.json.decode(msgspec.json.encode(shown))
    return faults_of("chat.postMessage", {"channel": "C1", "text": text, "blocks": plain})


@pytest.mark.parametrize(("card", "words"), STATES.values(), ids=STATES)
def test_a_card_in_each_state(card: Card, words: tuple[str, ...]) -> None:
    text, shown = blocks.message(card)
    assert faults(text, shown) == []
    drawn = str(shown)
    assert [one for one in words if one not in drawn] == []
    assert text.endswith(".")


def test_an_open_card_holds_all_that_is_known() -> None:
    drawn = str(blocks.message(draw())[1])
    for words in (
        *(
            "broken stems",
            "*Call*\\nThu 9 Oct, 12:53 (Paris)",
            "call.ics|calendar file>",
            "*Phone*\\n+33 6 12 34 56 78",
        ),
        *("*E-mail* (proven)\\nnadia@example.com", "*Plan* (claimed) gold", "*Why*\\nDelivery and packaging"),
        *("<https://shop.example/o/2418|Order &lt;2418&gt;>", "Web chat, in French", ":memo: Thank them"),
    ):
        assert words in drawn


SENTENCES = [
    (OPEN, NOON, "Score 2 from Nadia B., wants a call back. Claim by 09:53."),
    (replace(OPEN, callback=None, due=0), NOON, "Score 2 from Nadia B."),
    (MAYAS, NOON, "Score 2 from Nadia B., claimed by Maya."),
    (OPEN, NOON + 2 * HOUR, "Overdue: score 2 from Nadia B., and nobody has it."),
    (MAYAS, NOON + 2 * HOUR, "Overdue: score 2 from Nadia B."),
    (OVER, NOON, "Resolved by Maya: replaced. Score 2 from Nadia B."),
]


@pytest.mark.parametrize(("case", "now", "sentence"), SENTENCES)
def test_the_notification_is_one_full_sentence(case: Case, now: int, sentence: str) -> None:
    assert draw(case, now=now, agent="Maya" if case.owner else "").text == sentence


def test_an_overdue_card_says_who_is_called_next_and_when() -> None:
    policy = Policy(escalate=Escalation(30 * MINUTE, "", "U09LEAD"))
    shown = [
        str(blocks.message(cards.draw(NADIA, OPEN, Place(policy, NOON + HOUR + MINUTE, escalated=told)))[1])
        for told in (False, True)
    ]
    assert f"next <@U09LEAD> at <!date^{(NOON + HOUR + 30 * MINUTE) // 1000}^" in shown[0]
    assert ("told <@U09LEAD>" in shown[1], "next" in shown[1]) == (True, False)


def test_the_thread_begins_with_who_reads_what_is_written() -> None:
    text, shown, _ = blocks.notice(cards.greeting("Nadia *B.*", "Maya"))
    words = "What you write in this thread goes to Nadia, as “Maya”."
    assert text == f"{words} Start with // for a note that stays here."
    assert f":speech_balloon: *{words}*  Start with `//` for a note" in str(shown)


def test_how_somebody_is_called_is_no_fact_beside_their_name() -> None:
    assert "nb7" not in str(blocks.message(draw())[1])


def test_a_resolved_card_has_two_lines() -> None:
    assert len(blocks.message(draw(OVER))[1]) == 2


def test_the_same_truth_is_the_same_card() -> None:
    assert cards.digest(draw()) == cards.digest(draw(now=NOON + 1_000))
    assert cards.digest(draw()) != cards.digest(draw(MAYAS))


HOSTILE = "<!channel> *x* _y_ `z` <https://evil.example|x> & ~ \n\r\t|\u202e" + "é" * 5_000


def test_nothing_that_a_customer_says_is_markup_or_too_long() -> None:
    answers = tuple(Answer(f"t{at}", HOSTILE, HOSTILE, "text", NOON) for at in range(9))
    response = replace(
        NADIA.response,
        answers=answers,
        contact={f"{HOSTILE[:40]}{at}": Fact(HOSTILE) for at in range(40)} | {"name": Fact(HOSTILE)},
        context={"page_url": "javascript:alert(1)//<!channel>", "page_title": HOSTILE, "campaign": HOSTILE},
    )
    for seen in (Seen(response), Seen(response, "joined", NOON, (HOSTILE,))):
        text, shown = blocks.message(draw(seen=seen, away=True))
        assert faults(text, shown) == []
        marked = [block for block in shown if block["type"] != "rich_text"]
        for sign in ("<!channel>", "<https://evil", "javascript:"):
            assert sign not in text + str(marked).replace("&lt;!channel", "")
    text, said, _ = blocks.notice(Notice(quote=HOSTILE, name="Nadia <!here>"))
    assert faults(text, said) == []
    assert "<!channel>" not in text


NOTICES = [
    (Notice("2 h left.", MAYA), "<@U02MAYA> 2 h left."),
    (Notice("Overdue.", "@here"), "<!here> Overdue."),
    (Notice("Call <them> at", due=NOON), "Call &lt;them&gt; at <!date^1760000000^"),
]


@pytest.mark.parametrize(("notice", "words"), NOTICES)
def test_what_is_said_in_the_thread(notice: Notice, words: str) -> None:
    text, shown, name = blocks.notice(notice)
    assert text.startswith(words)
    assert (name, faults(text, shown)) == ("", [])


@pytest.mark.parametrize("tell", ["", "Tell Nadia that it is settled"])
def test_the_forms_fit_the_contract(tell: str) -> None:
    offered = Choices(
        "2 of 10 · Nadia", tuple((f"k{at}", "x" * 75) for at in range(10)), (("a", "A"),), tell, "é" * 999
    )
    for view in (forms.form("c1", offered), forms.hand_over_form("c1")):
        assert (
            faults_of("views.open", {"trigger_id": "1", "view": msgspec.json.decode(msgspec.json.encode(view))}) == []
        )


@pytest.mark.parametrize("count", [0, 1, 10])
def test_the_home_fits_the_contract(count: int) -> None:
    rows = tuple(HomeCase(2, "<!channel>", "x" * 90, "Overdue 26 min", "T1:C1:1.0") for _ in range(count))
    view = forms.home(Home(rows, 3 * count, rows, "NPS +35 ± 6", "", NOON), ["https://x.example/"] * 2 * count)
    assert faults_of("views.publish", {"user_id": "U1", "view": msgspec.json.decode(msgspec.json.encode(view))}) == []


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        ((0, 0, 0), (0, 0, 0), "No answers in the last 90 days"),
        ((3, 0, 1), (0, 0, 0), "NPS +50 ± 85 · last 90 days, n = 4 · too few answers to compare"),
        ((316, 195, 101), (0, 0, 0), "NPS +35 ± 6 · last 90 days, n = 612"),
        ((316, 195, 101), (250, 200, 100), "NPS +35 ± 6 · last 90 days, n = 612 · up 8 ± 9"),
        ((20, 0, 80), (50, 0, 50), "NPS −60 ± 16 · last 90 days, n = 100 · down 60 ± 25"),
    ],
)
def test_the_number_comes_with_its_margin(now: Sequence[int], before: Sequence[int], expected: str) -> None:
    assert figure(Counts(*now), Counts(*before), 90) == expected


def test_shares_give_the_score() -> None:
    assert shares(Counts(316, 195, 101)) == "51.6 % promoters · 31.9 % passives · 16.5 % detractors"
    assert shares(Counts(3, 0, 1)) == "3 promoters · 0 passives · 1 detractors"


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        ({}, "a customer"),
        ({"name": "Nadia Benali"}, "Nadia Benali"),
        ({"first_name": "Nadia"}, "Nadia"),
        ({"first_name": "Nadia", "last_name": "Benali"}, "Nadia B."),
        ({"email": "n@example.com"}, "n@example.com"),
        ({"username": "nb7"}, "nb7"),
        ({"name": "x" * 99}, "x" * 59 + "…"),
    ],
)
def test_how_a_customer_is_called(facts: Mapping[str, str], name: str) -> None:
    response = a_response(answers=(), contact={key: Fact(value) for key, value in facts.items()})
    assert person.name_of(response) == name


@pytest.mark.parametrize(
    ("template", "link"),
    [
        ("https://crm.example/{{ email | urlencode }}", "https://crm.example/nadia%40example.com"),
        ("https://crm.example/{{ phone }}", "https://crm.example/+33612345678"),
        ("https://crm.example/{{ contact.vip }}", ""),
        ("https://crm.example/", "https://crm.example/"),
        ("{{ contact.plan }}", ""),
    ],
)
def test_a_link_to_the_crm_leads_somewhere_or_is_none(template: str, link: str) -> None:
    policy = Policy(crm_link=compile_words(template, {}))
    assert person.crm_link(policy, person.values_of(NADIA.response)) == link


def test_words_for_times() -> None:
    assert [lasted(minutes * MINUTE) for minutes in (0, 26, 60, 112, 1440, 1500, 2880)] == [
        *("a moment", "26 min", "1 h", "1 h 52 min", "1 day", "1 day 1 h", "2 days"),
    ]
    assert slot(NOON, "Nowhere/Land") == "Thu 9 Oct, 8:53 (Land)"
    friday = 1_760_083_200_000
    assert slot(tomorrow(friday, "Europe/Paris"), "Europe/Paris") == "Mon 13 Oct, 9:00 (Paris)"
