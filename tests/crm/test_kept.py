"""Whether a person changed a field since: told from our own writing, however the other side spells a value."""

import pytest

from bot.crm.base import Parcel, Stored
from bot.crm.http.kept import NOTE, Kept, differing, normal, of_the_newest
from bot.crm.salesforce.work import moment
from tests.harness.responses import a_response

SAME = [
    (9, "9"), (9.0, "9"), (7.5, "7.5"), (None, ""), (True, "true"), ("a  b\n", "a b"), (["b", "a"], ("a", "b")),
    ("2025-10-09 08:53:20.000Z", "2025-10-09T10:53:20+02:00"), ({"amount": "1"}, {"amount": 1}), (1234567, "1234567"),
]  # fmt: skip
OTHER = [
    (0, None),
    (False, None),
    ("0612", "612"),
    ("+33612", "33612"),
    ("a", "A"),
    (9, 8),
    ("2025-10-09", "2025-10-10"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_value_in_other_words(one: object, other: object) -> None:
    assert normal(one) == normal(other)
    assert differing({"x": one}, {"x": other}) == ()


@pytest.mark.parametrize("typed", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2025-99-99T00:00:00"])
def test_a_time_that_is_none_in_utc_is_a_text_like_any_other(typed: str) -> None:
    assert differing({"x": typed}, {"x": typed}) == ()
    assert differing({"x": typed}, {"x": "2025-10-09T08:53:20Z"}) == ("x",)
    assert moment(typed) is None


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_another_value(one: object, other: object) -> None:
    assert differing({"x": one}, {"x": other}) == ("x",)


def test_only_what_somebody_else_changed_is_left_alone() -> None:
    notes: dict[str, str] = {}
    Kept(notes, on=True).wrote({"score": 3, "reason": "too slow", "segment": "detractor"})
    wanted = {"score": 9, "reason": "fine now", "segment": "promoter", "date": "2025-10-09"}
    there = {"score": "3", "reason": "checked by Ana", "segment": "promoter", "date": "2024-01-01"}
    assert set(Kept(notes, on=True).untouched(wanted, there)) == {"score", "segment", "date"}
    assert Kept(notes, on=True).untouched(wanted, there, doubt=True) == wanted
    assert "too slow" not in notes[NOTE]


def test_what_was_tried_may_be_there_as_well_as_what_was_there_before() -> None:
    notes: dict[str, str] = {}
    Kept(notes, on=True).wrote({"score": 3})
    Kept(notes, on=True).trying({"score": 4})
    for there, ours in ((3, True), (4, True), (5, False)):
        assert bool(Kept(notes, on=True).untouched({"score": 9}, {"score": there})) is ours
    Kept(notes, on=True).wrote({"score": 9})
    assert Kept(notes, on=True).untouched({"score": 1}, {"score": 3}) == {}


@pytest.mark.parametrize("note", ["", "{", "[]", '{"score": 3}'])
def test_a_note_that_cannot_be_read_holds_nothing_back(note: str) -> None:
    assert Kept({NOTE: note}, on=True).untouched({"score": 9}, {"score": 5}) == {"score": 9}


def test_nothing_is_noted_where_nothing_is_kept() -> None:
    notes: dict[str, str] = {}
    Kept(notes, on=False).wrote({"score": 3})
    assert notes == {}


def test_of_one_person_the_newest_response_is_compared() -> None:
    old, new, other, gone = (
        Parcel(a_response(chat, scored=scored), chat) for chat, scored in (("a", 1), ("b", 2), ("c", 1), ("d", 0))
    )
    found = [
        ("eva", Stored(1, ("score",))),
        ("eva", Stored(1, ("score",))),
        ("ines", Stored(2, ("x",))),
        ("", Stored(0)),
    ]
    assert of_the_newest([old, new, other, gone], found) == [Stored(1), *(stored for _, stored in found[1:])]
