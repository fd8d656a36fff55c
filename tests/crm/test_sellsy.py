"""Sellsy: what is sent for a response, against a stand-in that checks the vendor's contract."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pytest

from bot.crm.base import Describing, FieldFacts, Preparing, Reconciling, SetupStep, Stored
from bot.errors import DeliveryError, Permanent, Retryable, Throttled, Unauthorized
from bot.model import Answer, Entry, Fact, Response
from bot.sandbox.crm.exchange import Exchange
from bot.sandbox.crm.sellsy import Sellsy
from bot.sandbox.crm.sellsy_account import CustomField
from bot.sandbox.crm.standin import Trouble, hang, lost, malformed, reset_in_body, status
from tests.crm.writer_parts import EVA, answered, api, of, parcel, refused, write, writing, written
from tests.harness.crm import Expect, expecting
from tests.harness.responses import NOON, a_response

CHECK = api(Sellsy.login_path, "sellsy/openapi.json")
SEARCH = Expect("POST", "/v2/contacts/search", {"filters": {"email": EVA}})
FIELDS = Expect("GET", "/v2/custom-fields")
LABELS = Expect("GET", "/v2/tasks/labels")
NINE = "2025-10-10T09:00:00+02:00"
CALL = (("reason", "text", "too slow"), ("contact.phone", "phone", "+33612345678"), ("slot", "slot", NINE))
ENDED = {"outcome": "completed", "ended": NOON + 5_000}
SAID = (Entry(1, NOON, "bot", "How likely?"), Entry(2, NOON + 1, "visitor", "3, too slow"))
KEEP = {"unknown: create": "unknown: create\n    changed: keep"}


def finished(**fields: object) -> Response:
    """Eva left her number and the chat is over."""
    return answered(*CALL, **{**ENDED, "transcript": SAID, **fields})


def texts(crm: Sellsy, what: Literal["comments", "tasks"]) -> list[str]:
    left = crm.account.comments if what == "comments" else crm.account.tasks
    return [str(one.values["description"]) for one in left.values()]


def custom(crm: Sellsy, person: int = 1001) -> dict[str, object]:
    known = {one.id: one.code for one in crm.account.fields}
    return {known[key]: value for key, value in crm.account.people[person].custom.items()}


async def test_a_score_is_written_into_the_custom_fields_of_the_contact(tmp_path: Path) -> None:
    async with writing(crm := Sellsy(CHECK), tmp_path) as writer:
        crm.account.add("contact", {"last_name": "Martin", "email": EVA.upper()})
        values = [
            {"id": 21, "value": "3"}, {"id": 22, "value": 71}, {"id": 23, "value": "2025-10-09"},
            {"id": 24, "value": "too slow"},
        ]  # fmt: skip
        with expecting(crm, SEARCH, FIELDS, Expect("PUT", "/v2/contacts/1001/custom-fields", values)):
            receipt = await written(writer, parcel(answered(CALL[0])))
        assert receipt.remote == "contact 1001"
        with expecting(crm, Expect("PUT", "/v2/contacts/1001/custom-fields", [{"value": "9"}, {}, {}])):
            await written(writer, parcel(of(EVA, revision=2, score=9, answers=()), receipt.notes))


async def test_a_finished_chat_leaves_a_comment_with_the_transcript_and_a_task_for_the_call(tmp_path: Path) -> None:
    async with writing(crm := Sellsy(CHECK), tmp_path) as writer:
        crm.account.add("contact", {"last_name": "Martin", "email": EVA})
        related = [{"id": 1001, "type": "contact"}]
        task = {
            "title": "Rappeler +33612345678", "due_date": "2025-10-10T07:00:00+00:00", "label_id": 402,
            "related": related,
        }  # fmt: skip
        with expecting(
            crm, SEARCH, FIELDS, Expect("PUT", "/v2/contacts/1001/custom-fields"),
            Expect("POST", "/v2/comments", {"related": related}), LABELS, Expect("POST", "/v2/tasks", task),
        ):  # fmt: skip
            await written(writer, parcel(finished()))
        (comment,) = texts(crm, "comments")
        assert comment.startswith("NPS 3 (Détracteur)")
        assert "3, too slow" in comment
        assert comment.endswith("\n\nchatsurvey: c1")


async def test_both_are_left_once_and_the_task_follows_the_wished_time(tmp_path: Path) -> None:
    async with writing(crm := Sellsy(CHECK), tmp_path) as writer:
        first = await written(writer, parcel(finished()))
        again = await written(writer, parcel(finished(revision=2), first.notes))
        assert again.notes == first.notes
        later = answered(*CALL[:2], ("slot", "slot", "2025-10-13T14:00:00+02:00"), **ENDED, revision=3)
        moved = await written(writer, parcel(later, again.notes))
        assert [one.values["due_date"] for one in crm.account.tasks.values()] == ["2025-10-13T12:00:00+00:00"]
        crm.account.tasks.clear()  # somebody deleted it
        await written(writer, parcel(finished(revision=4), moved.notes))
        assert (len(texts(crm, "comments")), len(texts(crm, "tasks"))) == (1, 0)


@pytest.mark.parametrize("at", ["comments", "tasks"])
@pytest.mark.parametrize("trouble", [lost(), reset_in_body(), malformed(), hang(applied=True)], ids=lambda t: t.kind)
async def test_what_may_be_there_is_looked_for_before_it_is_left_again(
    tmp_path: Path, at: str, trouble: Trouble
) -> None:
    short = {"allow_private: true": "allow_private: true\n    timeout: 1s"}
    async with writing(crm := Sellsy(CHECK), tmp_path, short) as writer:
        crm.fails(trouble, at=f"/v2/{at}", method="POST")
        failed = await write(writer, parcel(finished()))
        assert isinstance(failed.error, Retryable)
        assert failed.error.doubt
        crm.fails(status(503), at="/custom-fields")
        again = await write(writer, parcel(finished(), failed.notes))
        assert isinstance(again.error, Retryable)
        assert not again.error.doubt
        await written(writer, parcel(finished(), again.notes))
        assert (len(crm.account.people), len(texts(crm, "comments")), len(texts(crm, "tasks"))) == (1, 1, 1)


async def test_after_a_killed_process_nothing_is_left_twice(tmp_path: Path) -> None:
    async with writing(crm := Sellsy(CHECK), tmp_path) as writer:
        await written(writer, parcel(finished()))
        known = await written(writer, parcel(finished(), doubt=True))
        assert (len(crm.account.people), len(texts(crm, "comments")), len(texts(crm, "tasks"))) == (1, 1, 1)
        assert known.notes is not None
        assert known.notes["comment"] == "1002"


async def test_a_new_person_is_made_once_for_two_chats(tmp_path: Path) -> None:
    async with writing(crm := Sellsy(CHECK), tmp_path) as writer:
        await asyncio.gather(*(written(writer, parcel(of("ines@example.org", chat))) for chat in ("c1", "c2")))
        (person,) = crm.account.people.values()
        assert person.standard == {"last_name": "ines", "email": "ines@example.org"}


async def test_a_contact_whose_making_got_lost_is_found(tmp_path: Path) -> None:
    def losing(exchange: Exchange) -> Sequence[str]:
        if exchange.path == "/v2/contacts" and not crm.account.people:
            crm.fails(lost())
        return CHECK(exchange)

    async with writing(crm := Sellsy(losing), tmp_path) as writer:
        failed = await write(writer)
        assert isinstance(failed.error, Retryable)
        assert len(crm.account.people) == 1
        await written(writer, parcel(notes=failed.notes))
        assert len(crm.account.people) == 1


async def test_an_individual_is_made_as_a_prospect(tmp_path: Path) -> None:
    text = {"match: {email: contact.email}": "match: {individual: {email: contact.email}}"}
    async with writing(crm := Sellsy(CHECK), tmp_path, text) as writer:
        await written(writer, parcel(finished()))
        (person,) = crm.account.people.values()
        assert (person.kind, person.standard["type"]) == ("individual", "prospect")
        assert [one.related for one in crm.account.comments.values()] == [("individual", 1001)]


@pytest.mark.parametrize(
    ("unknown", "skipped", "code"), [("skip", "nobody in Sellsy has this address", ""), ("park", "", "unknown_person")]
)
async def test_somebody_unknown_is_skipped_or_parked(tmp_path: Path, unknown: str, skipped: str, code: str) -> None:
    async with writing(crm := Sellsy(CHECK), tmp_path, {"unknown: create": f"unknown: {unknown}"}) as writer:
        with expecting(crm, SEARCH):
            receipt = await write(writer)
        assert receipt.skipped == skipped
        assert (receipt.error.code if isinstance(receipt.error, Permanent) else "") == code


async def test_whom_we_noted_and_who_was_merged_since_is_looked_for_again(tmp_path: Path) -> None:
    async with writing(crm := Sellsy(CHECK), tmp_path) as writer:
        first = await written(writer)
        del crm.account.people[1001]
        other = crm.account.add("contact", {"last_name": "Martin", "email": EVA})
        receipt = await written(writer, parcel(a_response(revision=2), first.notes))
        assert receipt.remote == f"contact {other.id}"


SHORTER = {
    "last_name: contact.last_name": "FIELDS", "      first_name: contact.first_name\n": "",
    "      nps-score: score\n": "", "      nps-segment: segment | labels(fr)\n": "",
    "      nps-date: scored_at | date\n": "", "      nps-reason: answers.reason | truncate(250)\n": "",
}  # fmt: skip
"""Whatever stands for FIELDS is all that is mapped."""

VALUES: list[tuple[str, str, object]] = [
    ("nps-score: score", "nps-score", "3"),
    ("nps-score: score | number", "nps-score", "3"),
    ("nps-segment: segment | labels(fr)", "nps-segment", 71),
    ("nps-date: scored_at", "nps-date", "2025-10-09"),
    ("nps-callback: answers.call | map(yes=true, no=false)", "nps-callback", True),
    ("nps-themes: answers.themes | map(price=Prix, delay=Délai)", "nps-themes", [81, 82]),
    ("nps-reason: updated_at | datetime", "nps-reason", "2025-10-09T08:53:22.000Z"),
]


@pytest.mark.parametrize(("line", "code", "value"), VALUES, ids=[one[0] for one in VALUES])
async def test_a_value_is_written_as_its_type_wants_it(tmp_path: Path, line: str, code: str, value: object) -> None:
    extra = answered(("call", "yesno", "yes"))
    themes = Answer("themes", ("price", "delay"), "Prix, délai", "choices", NOON)
    async with writing(crm := Sellsy(CHECK), tmp_path, SHORTER | {"FIELDS": line}) as writer:
        await written(writer, parcel(a_response(answers=(*extra.answers, themes))))
        assert custom(crm) == {code: value}


WRONG = [
    ("nps-scores: score", "no custom field nps-scores"),
    ("siren: answers.reason", "tick Contact"),
    ("nps-segment: answers.reason", "only Détracteur, Neutre, Promoteur"),
    ("nps-date: answers.reason", "takes a date"),
    ("nps-score: answers.reason", "nps-score: The value of this field is not valid"),
]


@pytest.mark.parametrize(("line", "words"), WRONG, ids=[one[0] for one in WRONG])
async def test_what_a_field_does_not_take_is_refused_for_good_and_named(tmp_path: Path, line: str, words: str) -> None:
    async with writing(crm := Sellsy(CHECK), tmp_path, SHORTER | {"FIELDS": line}) as writer:
        crm.account.add("contact", {"last_name": "Martin", "email": EVA})
        error = await refused(writer)
        assert isinstance(error, Permanent)
        assert words in str(error)
        assert "slow" not in str(error) + error.request


async def test_a_field_of_a_later_page_is_found(tmp_path: Path) -> None:
    async with writing(crm := Sellsy(CHECK), tmp_path) as writer:
        many = tuple(CustomField(1_000 + number, f"other-{number}", "simple-text", "Other") for number in range(230))
        crm.account.fields = many + crm.account.fields
        await written(writer)
        assert custom(crm)["nps-score"] == "3"
        pages = [one.query.get("offset") for one in crm.exchanges if one.path == "/v2/custom-fields"]
        assert pages == [None, "WyIx100", "WyIx200"]


async def test_smart_tags_are_added_once(tmp_path: Path) -> None:
    line = 'smart_tags: segment | map(detractor="NPS détracteur", promoter="NPS promoteur")'
    async with writing(crm := Sellsy(CHECK), tmp_path, SHORTER | {"FIELDS": line}) as writer:
        first = await written(writer)
        with expecting(crm):
            await written(writer, parcel(a_response(revision=2), first.notes))
        assert crm.account.people[1001].tags == ["NPS détracteur"]


async def test_what_a_person_changed_since_is_left_alone_where_the_settings_say_so(tmp_path: Path) -> None:
    async with writing(crm := Sellsy(CHECK), tmp_path, KEEP) as writer:
        first = await written(writer)
        person = crm.account.people[1001]
        person.custom[24] = "delivery (checked by Ana)"
        await written(writer, parcel(answered(("reason", "text", "x"), revision=2, score=0), first.notes))
        assert (person.custom[21], person.custom[24]) == ("0", "delivery (checked by Ana)")


QUOTA = "X-Quota-Remaining-By-"
ERRORS = [
    (status(429, {f"{QUOTA}Second": "0", f"{QUOTA}Minute": "200", f"{QUOTA}Day": "9"}), Throttled, "second", 1.0),
    (status(429, {f"{QUOTA}Second": "4", f"{QUOTA}Minute": "-1", f"{QUOTA}Day": "9"}), Throttled, "minute", 60.0),
    (status(429, {f"{QUOTA}Second": "0", f"{QUOTA}Day": "0"}), Throttled, "day", 3_600.0),
    (status(429, {f"{QUOTA}Month": "0"}), Throttled, "month", 21_600.0),
    (status(429, {f"{QUOTA}Minute": "0", "Retry-After": "17"}), Throttled, "minute", 17.0),
    (status(429, {"Retry-After": "17"}), Throttled, "429", 17.0),
    (status(429), Throttled, "429", 0.0),
    (status(402), Permanent, "a limit of the Sellsy plan", 0.0),
    (status(403), Unauthorized, "lacks a right", 0.0),
    (status(400), Permanent, "400", 0.0),
    (status(404), Permanent, "404", 0.0),
    (status(409), Retryable, "409", 0.0),
    (status(413), Permanent, "413", 0.0),
    (status(500), Retryable, "500", 0.0),
    (status(503), Retryable, "503", 0.0),
    (malformed(), Retryable, "not understood", 0.0),
]


@pytest.mark.parametrize(
    ("trouble", "expected", "words", "after"), ERRORS, ids=lambda one: getattr(one, "status", None)
)
async def test_what_an_error_means(
    tmp_path: Path, trouble: Trouble, expected: type[DeliveryError], words: str, after: float
) -> None:
    async with writing(crm := Sellsy(CHECK), tmp_path) as writer:
        crm.fails(*[trouble] * (2 if expected is Unauthorized else 1), at="/search")
        error = await refused(writer)
        assert type(error) is expected
        assert words in str(error)
        assert (error.after if isinstance(error, Throttled) else 0.0) == after
        assert EVA not in str(error) + error.request


async def test_the_fields_that_a_refusal_names_are_told_without_their_values(tmp_path: Path) -> None:
    async with writing(Sellsy(CHECK), tmp_path, {"last_name: contact.last_name": "website: contact.site"}) as writer:
        given = a_response(contact={"email": Fact("no-address@x", proven=True), "site": Fact("a b", proven=True)})
        error = await refused(writer, parcel(given))
        assert isinstance(error, Permanent)
        assert "no-address@x" not in str(error) + error.request


async def test_a_task_without_a_time_is_due_a_day_later(tmp_path: Path) -> None:
    async with writing(
        crm := Sellsy(CHECK), tmp_path, {"label: Rappel": "label: rendez-VOUS\n      assigned_to: 12"}
    ) as w:
        await written(w, parcel(answered(*CALL[:2])))
        (task,) = crm.account.tasks.values()
        assert task.values["due_date"] == "2025-10-10T08:53:22+00:00"
        assert (task.values["label_id"], task.values["assigned_staff_ids"]) == (403, [12])


async def test_a_label_that_nobody_made_is_named(tmp_path: Path) -> None:
    async with writing(Sellsy(CHECK), tmp_path, {"label: Rappel": "label: Urgent"}) as writer:
        error = await refused(writer, parcel(answered(*CALL[:2])))
        assert isinstance(error, Permanent)
        assert "no active task label Urgent" in str(error)


async def test_the_account_describes_its_fields_and_says_what_is_missing(tmp_path: Path) -> None:
    async with writing(Sellsy(CHECK), tmp_path, {"nps-score: score": "nps_note: score"}) as writer:
        assert isinstance(writer, Describing)
        assert isinstance(writer, Preparing)
        known = (await writer.describe())["contact"]
        assert known["nps-reason"] == FieldFacts("text", 250)
        assert known["nps-segment"].options == ("Détracteur", "Neutre", "Promoteur")
        assert known["last_name"].length == 200
        assert "due_date" in (await writer.describe())["task"]
        assert "siren" not in known
        steps = {step.what: step for step in await writer.setup(make=True)}
        assert steps["custom field nps-date for a contact"].state == "there"
        how = "Settings > General > Custom fields > Create, tick Contact, and give it the code nps_note"
        missing = steps["custom field nps_note for a contact"]
        assert missing == SetupStep("custom field nps_note for a contact", "todo", how)
        assert writer.advice("contact", "nps_note") == how


async def test_what_is_stored_can_be_compared(tmp_path: Path) -> None:
    async with writing(crm := Sellsy(CHECK), tmp_path) as writer:
        assert isinstance(writer, Reconciling)
        await written(writer, parcel(finished()))
        crm.account.people[1001].custom[22] = 73
        assert await writer.stored([parcel(finished()), parcel(of("ines@example.org"))]) == [
            Stored(1, ("nps-segment",)),
            Stored(0),
        ]
        crm.account.leave("comments", {"description": texts(crm, "comments")[0]}, ("contact", 1001))
        assert (await writer.stored([parcel(finished())]))[0].count == 2
        crm.account.comments.clear()
        assert (await writer.stored([parcel(finished())]))[0].count == 0


@pytest.mark.parametrize(("code", "words"), [(0, ""), (403, "lacks a right"), (503, "503")])
async def test_check_says_what_to_mend_and_changes_nothing(tmp_path: Path, code: int, words: str) -> None:
    async with writing(crm := Sellsy(CHECK), tmp_path) as writer:
        crm.fails(*[status(code)] * (2 if code == 403 else 1 if code else 0))
        said = await writer.check()
        assert words in said
        assert bool(said) == bool(words)
        assert crm.account.people == {}
