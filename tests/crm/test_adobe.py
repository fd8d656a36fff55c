"""Adobe Campaign Standard: what is sent for a response, against a stand-in that checks the vendor's contract."""

import asyncio
from pathlib import Path

import pytest

from bot.crm.adobe.writer import AdobeWriter, faults
from bot.crm.base import Describing, FieldFacts, Preparing, Reconciling, Stored
from bot.errors import DeliveryError, Permanent, Retryable, Throttled, Unauthorized
from bot.model import CaseFacts, Fact, Response
from bot.sandbox.crm.adobe import OOPS, Adobe
from bot.sandbox.crm.standin import Trouble, hang, lost, malformed, reset, reset_in_body, status
from tests.crm.adobe_parts import check
from tests.crm.writer_parts import EVA, answered, of, parcel, refused, write, writing, written
from tests.harness.crm import Expect, expecting
from tests.harness.responses import NOON, a_response

SEARCH = Expect("GET", "/geometrixx/campaign/profileAndServices/profile/byText", query={"text": EVA})
DETRACTOR = Expect("POST", "/geometrixx/campaign/mcgeometrixx/EVTnpsDetractor", {"email": EVA, "ctx": {"score": 3}})
BY_KEY = {"{email: contact.email}": "{cusCustomerId: contact.customer}"}
SHORT = {"allow_private: true": "allow_private: true\n    timeout: 1s"}
KEEP = {"unknown: create": "unknown: create\n    changed: keep"}


def events(crm: Adobe) -> list[str]:
    return [one.event for one in crm.events]


async def test_a_score_is_written_on_the_profile_and_sets_off_the_campaign(tmp_path: Path) -> None:
    async with writing(crm := Adobe(check), tmp_path) as writer:
        crm.add(email=EVA, firstName="Eva")
        change = {
            "cusNpsScore": 3, "cusNpsSegment": "detractor", "cusNpsDetractor": True, "cusNpsPassive": False,
            "cusNpsPromoter": False, "cusNpsDate": "2025-10-09", "cusNpsReason": "too slow", "cusNpsChat": "c1",
        }  # fmt: skip
        profile = Expect("PATCH", "/geometrixx/campaign/profileAndServicesExt/profile/@pk0001_stand-in", change)
        with expecting(crm, SEARCH, profile, DETRACTOR):
            receipt = await written(writer)
        assert receipt.notes == {"EVTnpsDetractor": "sent"}
        for sent in crm.exchanges:
            assert sent.headers["x-api-key"] == "0f3adobe9c1client7d"
            assert sent.headers["cache-control"] == "no-cache"
        assert crm.exchanges[-1].headers["content-type"] == "application/json;charset=utf-8"


async def test_a_new_profile_is_made_once_for_two_chats_of_one_person(tmp_path: Path) -> None:
    async with writing(crm := Adobe(check), tmp_path) as writer:
        await asyncio.gather(*(written(writer, parcel(of("ines@example.org", chat, score=9))) for chat in ("c1", "c2")))
        assert [one["email"] for one in crm.profiles.values()] == ["ines@example.org"]


async def test_a_profile_whose_making_got_lost_is_found_at_the_next_attempt(tmp_path: Path) -> None:
    async with writing(crm := Adobe(check), tmp_path) as writer:
        crm.fails(lost(), method="POST", at="/profile")
        error = await refused(writer)
        assert isinstance(error, Retryable)
        assert not error.doubt
        await written(writer)
        assert (len(crm.profiles), events(crm)) == (1, ["EVTnpsDetractor"])


@pytest.mark.parametrize(
    ("unknown", "skipped", "code"),
    [("skip", "no profile has this e-mail address or key", ""), ("park", "", "unknown_person")],
)
async def test_somebody_unknown_is_skipped_or_parked(tmp_path: Path, unknown: str, skipped: str, code: str) -> None:
    async with writing(crm := Adobe(check), tmp_path, {"unknown: create": f"unknown: {unknown}"}) as writer:
        with expecting(crm, SEARCH):
            receipt = await write(writer)
        assert receipt.skipped == skipped
        assert (receipt.error.code if isinstance(receipt.error, Permanent) else "") == code


async def test_without_an_address_nothing_is_asked(tmp_path: Path) -> None:
    async with writing(crm := Adobe(check), tmp_path) as writer:
        with expecting(crm):
            receipt = await written(writer, parcel(a_response(contact={"email": Fact(EVA)})))
        assert "nothing is known" in receipt.skipped


async def test_a_search_finds_more_than_was_meant(tmp_path: Path) -> None:
    async with writing(crm := Adobe(check), tmp_path) as writer:
        others = [crm.add(email=f"x{EVA}"), crm.add(email="b@example.com", lastName=EVA)]
        mine, younger = crm.add(email=EVA.upper()), crm.add(email=EVA)
        await written(writer)
        assert crm.profiles[mine]["cusNpsScore"] == 3
        assert all("cusNpsScore" not in crm.profiles[key] for key in (*others, younger))


async def test_the_search_is_read_on_to_its_end_but_never_elsewhere(tmp_path: Path) -> None:
    # Without the contract, which leaves out the parameters of the next page.
    async with writing(crm := Adobe(), tmp_path) as writer:
        for number in range(60):
            crm.add(email=f"{number}.{EVA}")
        mine = crm.add(email=EVA)
        await written(writer)
        assert crm.profiles[mine]["cusNpsScore"] == 3
        assert len([one for one in crm.exchanges if one.path.endswith("/byText")]) == 3
        crm.fails(status(200, body=b'{"content": [], "next": {"href": "http://127.0.0.1:9/geometrixx/"}}'))
        changed = parcel(of("ines@example.org"))
        assert (await written(writer, changed)).error is None


async def test_a_custom_key_stands_in_the_address_and_the_profile_knows_the_e_mail(tmp_path: Path) -> None:
    async with writing(crm := Adobe(check), tmp_path, BY_KEY) as writer:
        crm.add(email=EVA, cusCustomerId="K-1007")
        address = "/geometrixx/campaign/profileAndServicesExt/profile/K-1007"
        with expecting(crm, Expect("GET", address), Expect("PATCH", address, {"cusNpsScore": 3}), DETRACTOR):
            receipt = await written(writer, parcel(a_response(contact={"customer": Fact("K-1007", proven=True)})))
        assert receipt.error is None


@pytest.mark.parametrize("key", ["@pk0001_stand-in", "../service", "K 1", "K/1", "?", "K%2F1", "é"])
async def test_a_key_that_would_lead_elsewhere_is_nobodys(tmp_path: Path, key: str) -> None:
    changes = BY_KEY | {"unknown: create": "unknown: skip"}
    async with writing(crm := Adobe(check), tmp_path, changes) as writer:
        crm.add(email=EVA)
        with expecting(crm):
            receipt = await written(writer, parcel(a_response(contact={"customer": Fact(key, proven=True)})))
        assert receipt.skipped


async def test_a_key_that_names_something_of_the_api_is_nobodys(tmp_path: Path) -> None:
    changes = BY_KEY | {"unknown: create": "unknown: skip"}
    async with writing(Adobe(check), tmp_path, changes) as writer:
        assert (await written(writer, parcel(a_response(contact={"customer": Fact("metadata", proven=True)})))).skipped


async def test_a_key_is_told_to_nobody(tmp_path: Path) -> None:
    async with writing(crm := Adobe(check), tmp_path, BY_KEY) as writer:
        crm.fails(status(400, body=b'{"error_code": "RST", "message": "profile jane_doe is locked"}'))
        error = await refused(writer, parcel(a_response(contact={"customer": Fact("jane_doe", proven=True)})))
    assert "jane" not in f"{error} {error.request}"
    assert "/profile/j•••" in error.request


async def test_a_profile_without_an_address_gets_its_score_and_no_event(tmp_path: Path) -> None:
    async with writing(crm := Adobe(check), tmp_path, BY_KEY) as writer:
        key = crm.add(cusCustomerId="K-1007")
        receipt = await written(writer, parcel(a_response(contact={"customer": Fact("K-1007", proven=True)})))
        assert (crm.profiles[key]["cusNpsScore"], events(crm)) == (3, [])
        assert receipt.notes == {"EVTnpsDetractor": "no address"}


CALL = (("callback", "choice", "call"), ("contact.phone", "phone", "+33612345678"))


@pytest.mark.parametrize(
    ("response", "event"),
    [
        (of(EVA, score=0, segment="detractor"), "EVTnpsDetractor"),
        (of(EVA, score=7, segment="passive"), "EVTnpsPassive"),
        (of(EVA, score=10, segment="promoter"), "EVTnpsPromoter"),
        (answered(*CALL), "EVTnpsCallback"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
async def test_the_first_event_whose_condition_holds_is_sent(tmp_path: Path, response: Response, event: str) -> None:
    async with writing(crm := Adobe(check), tmp_path) as writer:
        await written(writer, parcel(response))
        assert events(crm) == [event]


async def test_an_event_is_sent_once_a_chat_and_the_next_one_when_its_time_comes(tmp_path: Path) -> None:
    async with writing(crm := Adobe(check), tmp_path) as writer:
        first = await written(writer)
        again = await written(writer, parcel(a_response(revision=2), first.notes))
        called = await written(writer, parcel(answered(*CALL, revision=3), again.notes))
        await written(writer, parcel(answered(*CALL, revision=4), called.notes))
        assert events(crm) == ["EVTnpsDetractor", "EVTnpsCallback"]
        assert crm.events[1].ctx["phone"] == "+33612345678"


async def test_an_event_whose_moment_is_still_to_come_holds_back_no_other(tmp_path: Path) -> None:
    every = {"when: {segment: detractor, answers.callback: call}": "when: {segment: detractor}"}
    async with writing(crm := Adobe(check), tmp_path, every) as writer:
        first = await written(writer, parcel(of(EVA, answers=())))
        await written(writer, parcel(answered(*CALL, revision=2), first.notes))
        assert events(crm) == ["EVTnpsDetractor", "EVTnpsCallback"]


async def test_an_event_that_comes_too_late_is_told_when_it_expires(tmp_path: Path) -> None:
    late = {"{event: EVTnpsDetractor, ": "{event: EVTnpsDetractor, expires_after: 24, "}
    async with writing(crm := Adobe(check), tmp_path, late) as writer:
        await written(writer)
        assert crm.events[0].expiration == "2025-10-10 08:53:22.000Z"


@pytest.mark.parametrize(
    ("trouble", "sent"),
    [
        (lost(), 1), (reset_in_body(), 1), (reset(), 0), (hang(applied=True), 1), (status(504), 0),
        (status(502, body=b"<html>bad gateway"), 0),
    ],
    ids=lambda given: given.kind if isinstance(given, Trouble) else "",
)  # fmt: skip
async def test_an_event_that_may_have_been_taken_is_not_repeated_but_told(
    tmp_path: Path, trouble: Trouble, sent: int
) -> None:
    async with writing(
        crm := Adobe(check), tmp_path, {"allow_private: true": "allow_private: true\n    timeout: 1s"}
    ) as (writer):
        crm.fails(trouble, at="/EVT")
        receipt = await written(writer)
        assert receipt.doubts == ("event EVTnpsDetractor",)
        assert len(crm.events) == sent
        again = await written(writer, parcel(a_response(revision=2), receipt.notes))
        assert (len(crm.events), again.doubts) == (sent, ())


async def test_after_a_killed_process_the_profile_is_written_and_the_event_is_in_doubt(tmp_path: Path) -> None:
    async with writing(crm := Adobe(check), tmp_path) as writer:
        receipt = await written(writer, parcel(doubt=True))
        assert receipt.doubts == ("event EVTnpsDetractor",)
        assert (events(crm), len(crm.profiles)) == ([], 1)
        known = await written(writer, parcel(notes={"EVTnpsDetractor": "sent"}, doubt=True))
        assert known.doubts == ()


@pytest.mark.parametrize("trouble", [status(503), status(429), status(401), status(500)], ids=lambda one: one.status)
async def test_an_event_that_was_refused_is_sent_at_the_next_attempt(tmp_path: Path, trouble: Trouble) -> None:
    async with writing(crm := Adobe(check), tmp_path) as writer:
        crm.fails(trouble, at="/EVT")
        receipt = await write(writer)
        while receipt.error is not None:
            receipt = await write(writer, parcel(notes=receipt.notes))
        assert (events(crm), receipt.doubts) == (["EVTnpsDetractor"], ())


async def test_what_is_taken_counts_whatever_the_answer_says(tmp_path: Path) -> None:
    async with writing(crm := Adobe(check), tmp_path) as writer:
        crm.fails(malformed(), at="/EVT")
        assert (await written(writer)).notes == {"EVTnpsDetractor": "sent"}


def json_of(code: object, message: str, key: str = "error_code") -> bytes:
    return f'{{"{key}": "{code}", "message": "{message}"}}'.encode()


ERRORS = [
    (status(500, body=json_of(500, OOPS, "code")), Retryable, "`organization` is wrong"),
    (status(502, body=json_of(502, OOPS, "code")), Retryable, "`organization` is wrong"),
    (status(403, body=json_of(403023, "Profile is not valid")), Unauthorized, "403023 Profile is not valid"),
    (
        status(500, body=json_of(500, "'cusNpsScor' property is not valid for the 'profile' resource.")),
        Permanent,
        "500",
    ),
    (status(500, body=json_of(500, "Cannot update the 'age' property that is read-only")), Permanent, "read-only"),
    (status(500), Retryable, "500"),
    (status(503), Retryable, "503"),
    (status(429, {"retry-after": "9"}), Throttled, "429"),
    (status(400), Permanent, "400"),
    (status(404), Permanent, "404"),
    (malformed(), Retryable, "not understood"),
]


@pytest.mark.parametrize(("trouble", "expected", "words"), ERRORS, ids=lambda one: getattr(one, "status", None))
async def test_what_an_error_means(tmp_path: Path, trouble: Trouble, expected: type[DeliveryError], words: str) -> None:
    async with writing(crm := Adobe(check), tmp_path) as writer:
        crm.fails(*[trouble] * (2 if expected is Unauthorized else 1), at="/byText")
        error = await refused(writer)
        assert type(error) is expected
        assert words in str(error)
        assert EVA not in str(error) + error.request
        assert "byText" in error.request


async def test_a_token_that_ended_is_renewed_once(tmp_path: Path) -> None:
    async with writing(crm := Adobe(check), tmp_path) as writer:
        await written(writer)
        crm.expire()
        await written(writer, parcel(a_response(revision=2), {"EVTnpsDetractor": "sent"}))
        assert len(crm.logins) == 2
        assert crm.logins[0].form()["scope"].startswith("openid,AdobeID,")


async def test_an_attribute_that_nobody_made_is_named(tmp_path: Path) -> None:
    async with writing(Adobe(check), tmp_path, {"cusNpsCase: case.outcome": "cusNpsOutcome: segment"}) as writer:
        error = await refused(writer)
        assert (type(error), "'cusNpsOutcome' property is not valid" in str(error)) == (Permanent, True)


async def test_what_a_person_changed_since_is_left_alone_where_the_settings_say_so(tmp_path: Path) -> None:
    async with writing(crm := Adobe(check), tmp_path, KEEP) as writer:
        key = crm.add(email=EVA, cusNpsReason="an older answer", cusNpsScore=10)
        first = await written(writer)
        assert crm.profiles[key]["cusNpsReason"] == "too slow"
        crm.profiles[key]["cusNpsReason"] = "delivery (checked by Ana)"
        resolved = CaseFacts("resolved", "unhappy", NOON, NOON, outcome="won_back", resolved=NOON + 1)
        last = answered(("reason", "text", "much too slow"), revision=2, case=resolved)
        await written(writer, parcel(last, first.notes))
        assert crm.profiles[key]["cusNpsReason"] == "delivery (checked by Ana)"
        assert crm.profiles[key]["cusNpsCase"] == "won_back"


async def test_our_own_write_whose_answer_got_lost_is_no_persons_change(tmp_path: Path) -> None:
    async with writing(crm := Adobe(check), tmp_path, KEEP) as writer:
        key = crm.add(email=EVA)
        first = await written(writer)
        crm.fails(lost(), method="PATCH")
        failed = await write(writer, parcel(answered(("reason", "text", "second"), revision=2), first.notes))
        assert isinstance(failed.error, Retryable)
        assert crm.profiles[key]["cusNpsReason"] == "second"
        await written(writer, parcel(answered(("reason", "text", "third"), revision=3), failed.notes))
        assert crm.profiles[key]["cusNpsReason"] == "third"


async def test_what_is_stored_can_be_compared(tmp_path: Path) -> None:
    async with writing(crm := Adobe(check), tmp_path) as writer:
        assert isinstance(writer, Reconciling)
        await written(writer)
        next(iter(crm.profiles.values()))["cusNpsSegment"] = "promoter"
        there = await writer.stored([parcel(), parcel(of("ines@example.org"))])
        assert there == [Stored(1, ("cusNpsSegment",)), Stored(0)]


async def test_the_profile_describes_its_attributes_and_says_what_is_missing(tmp_path: Path) -> None:
    async with writing(Adobe(check), tmp_path, {"cusNpsCase: case.outcome": "cusNpsOutcome: case.outcome"}) as writer:
        assert isinstance(writer, Describing)
        assert isinstance(writer, Preparing)
        known = await writer.describe()
        assert known["profile"]["cusNpsScore"] == FieldFacts("number")
        assert known["profile"]["gender"] == FieldFacts("choice", options=("unknown", "male", "female"))
        assert not known["profile"]["created"].writable
        assert set(known["events"]) == {"score", "phone", "when"}
        missing = [step for step in await writer.setup(make=True) if step.state == "todo"]
        assert [step.what for step in missing] == ["attribute cusNpsOutcome of the profile"]
        assert missing[0].how == writer.advice("profile", "cusNpsOutcome")
        assert "add NpsOutcome (the API calls it cusNpsOutcome)" in missing[0].how


@pytest.mark.parametrize(
    ("troubles", "words"),
    [
        ((), ""),
        ((status(500, body=json_of(500, OOPS, "code")),), "organization"),
        ((status(403),) * 2, "product profile"),
    ],
    ids=["right", "wrong organisation", "no rights"],
)
async def test_check_says_what_to_mend_and_changes_nothing(
    tmp_path: Path, troubles: tuple[Trouble, ...], words: str
) -> None:
    async with writing(crm := Adobe(check), tmp_path) as writer:
        crm.fails(*troubles)
        said = await writer.check()
        assert words in said
        assert bool(said) == bool(words)
        assert {one.method for one in crm.exchanges} == {"GET"}


async def test_another_organisation_is_told_from_a_crm_that_is_down(tmp_path: Path) -> None:
    async with writing(Adobe(), tmp_path, {"organization: geometrixx": "organization: geometrix"}) as writer:
        assert isinstance(writer, AdobeWriter)
        assert "`organization` is wrong" in await writer.check()


def test_an_organisation_is_a_name() -> None:
    assert [one.key for one in faults({"organization": "https://geometrixx.campaign.adobe.com"}, {})] == [
        "organization"
    ]
    assert faults({"organization": "geometrixx-mkt-stage"}, {}) == []
