"""`expecting` fails for what was sent and not expected, expected and not sent, and for what nothing met."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.sandbox.crm.standin import status
from tests.harness.crm import Expect, expecting
from tests.harness.crm_demo import demo_case
from tests.harness.crm_trial import Trial, a_full_response, on_trial

PERSON = Expect("PUT", "/people/margaux.quevreux@example.com", {"name": "Margaux Quévreux"})
RESPONSE = Expect("PUT", "/responses/c1")
NOTE = Expect("POST", "/notes", {"chat": "c1"})


@pytest.fixture
async def trial(tmp_path: Path) -> AsyncIterator[Trial]:
    async with on_trial(demo_case(), tmp_path) as found:
        yield found
        found.crm.faults.clear()
        found.crm.mends()


async def test_what_is_expected_is_sent_in_its_order(trial: Trial) -> None:
    with expecting(trial.crm, PERSON, RESPONSE, NOTE):
        await trial.settle(a_full_response())
    with expecting(trial.crm, PERSON, Expect("PUT", "/responses/c1", trouble=status(500))):
        await trial.once(a_full_response(revision=2))
    with expecting(trial.crm):
        assert trial.count("c1") == 1


WRONG = [
    ((PERSON, RESPONSE), "sent"),
    ((PERSON, RESPONSE, NOTE, NOTE), "expected"),
    ((RESPONSE, PERSON, NOTE), "expected"),
    ((PERSON, Expect("POST", "/responses/c1"), NOTE), "expected"),
    ((PERSON, RESPONSE, Expect("POST", "/notes", {"chat": "c2"})), "'c1', not 'c2'"),
    ((PERSON, RESPONSE, Expect("POST", "/notes", {"kind": "x"})), "kind is missing"),
    ((PERSON, RESPONSE, Expect("POST", "/notes", query={"a": "b"})), "'a': None"),
]


@pytest.mark.parametrize(("expected", "words"), WRONG, ids=range(len(WRONG)))
async def test_anything_else_fails(trial: Trial, expected: tuple[Expect, ...], words: str) -> None:
    with pytest.raises(AssertionError, match=words), expecting(trial.crm, *expected):
        await trial.settle(a_full_response())


async def test_so_do_a_trouble_that_nothing_met_and_a_fault(trial: Trial) -> None:
    trial.crm.fails(status(500), at="/elsewhere")
    with pytest.raises(AssertionError, match="nothing met"), expecting(trial.crm, PERSON, RESPONSE, NOTE):
        await trial.settle(a_full_response())
    trial.crm.faults.append("POST /notes: no such field")
    with pytest.raises(AssertionError, match="no such field"), expecting(trial.crm):
        trial.crm.mends()
