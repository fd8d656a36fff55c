"""What every writer to a CRM is put through, for free: `CHECKS`, by name.

Each takes a case and a folder, and fails by an assertion. That they can fail is shown by `tests/crm/test_checks.py`,
with a writer that is wrong in one thing at a time.
"""

import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from bot.crm.base import Describing, Preparing, Reconciling
from bot.errors import DeliveryError, Permanent, Retryable, Throttled, Unauthorized
from bot.obs_log import Lines, Redactor
from bot.sandbox.crm.standin import Trouble, echo, hang, lost, malformed, passes, reset, reset_in_body, status
from bot.sandbox.crm.trouble import MALFORMED
from tests.harness.crm_attacks import ATTACKS, EMAILS
from tests.harness.crm_trial import PERSONAL, Case, Trial, a_full_response, on_trial, other_person

HTML = {"content-type": "text/html"}
ATTEMPTS = 40
LOGINS = 15
"""At most as many in ATTEMPTS attempts that are all refused, a second apart."""


async def plain(case: Case, folder: Path, revisions: int = 1) -> tuple[int, Mapping[str, int]]:
    """How many requests a delivery takes where nothing goes wrong, and how many records it leaves."""
    async with on_trial(case, folder) as trial:
        for revision in range(1, revisions + 1):
            await trial.settle(a_full_response(revision=revision, resolved=revision > 1))
        assert trial.count("c1") == 1
        return len(trial.crm.exchanges), trial.sizes()


async def a_response_is_one_record_however_often_it_changes(case: Case, folder: Path) -> None:
    async with on_trial(case, folder) as trial:
        await trial.settle(a_full_response(ended=False))
        await trial.settle(a_full_response(revision=2))
        sizes = trial.sizes()
        await trial.settle(a_full_response(revision=2))
        assert (trial.count("c1"), trial.sizes()) == (1, sizes)
        await trial.settle(a_full_response(revision=3, resolved=True))
        await trial.settle(other_person("c2"))
        assert (trial.count("c1"), trial.count("c2")) == (1, 1)
        assert trial.crm.exchanges


async def an_answer_that_got_lost_leaves_nothing_twice(case: Case, folder: Path) -> None:
    await _at_each_request(case, folder, [lost(), reset_in_body(), status(502, HTML, MALFORMED, applied=True)])


async def an_answer_that_makes_no_sense_leaves_nothing_twice(case: Case, folder: Path) -> None:
    await _at_each_request(case, folder, [malformed()])


async def a_connection_that_breaks_leaves_nothing_out(case: Case, folder: Path) -> None:
    await _at_each_request(case, folder, [reset(), status(500), status(503, HTML, MALFORMED), status(504)])


async def an_answer_that_never_comes_leaves_nothing_twice(case: Case, folder: Path) -> None:
    requests, sizes = await plain(case, folder)
    async with on_trial(case, folder, timeout=0.7) as trial:
        trial.crm.fails(*[passes()] * (requests - 1), hang(applied=True))
        receipt = await trial.once(a_full_response())
        assert receipt.error is None or isinstance(receipt.error, Retryable)
        await trial.settle(a_full_response())
        assert trial.crm.troubles_left == 0
        _nothing_twice(trial, sizes)


async def while_it_is_down_nothing_is_in_doubt(case: Case, folder: Path) -> None:
    async with on_trial(case, folder) as trial:
        await trial.crm.down()
        error = (await trial.once(a_full_response())).error
        assert isinstance(error, Retryable)
        assert not error.doubt
        await trial.crm.up()
        await trial.settle(a_full_response())
        assert trial.count("c1") == 1


async def too_fast_is_told_with_the_wait_that_was_asked_for(case: Case, folder: Path) -> None:
    _, sizes = await plain(case, folder)
    async with on_trial(case, folder) as trial:
        for headers, least, most in (({"retry-after": "7"}, 7.0, 8.0), ({}, 0.0, 3600.0)):
            trial.crm.fails(status(429, headers))
            error = (await trial.once(a_full_response())).error
            assert isinstance(error, Throttled), repr(error)
            assert least <= error.after <= most
        await trial.settle(a_full_response())
        _nothing_twice(trial, sizes)


async def a_token_that_ran_out_is_renewed_once(case: Case, folder: Path) -> None:
    async with on_trial(case, folder) as trial:
        await trial.settle(a_full_response())
        before = len(trial.crm.logins)
        trial.crm.expire()
        receipts = await trial.attempt(a_full_response(revision=2), other_person("c2"), other_person("c3", 3))
        assert [receipt.error for receipt in receipts] == [None, None, None]
        assert len(trial.crm.logins) - before == (1 if trial.crm.login_path else 0)


async def who_is_refused_for_ever_does_not_log_in_for_ever(case: Case, folder: Path) -> None:
    async with on_trial(case, folder) as trial:
        await trial.settle(a_full_response())
        trial.crm.fails(*[status(401)] * 4_000)
        sent = len(trial.crm.exchanges)
        for _ in range(ATTEMPTS):
            error = (await trial.once(a_full_response(revision=2))).error
            assert isinstance(error, Unauthorized), repr(error)
            trial.clock.forward(1.0)
        assert len(trial.crm.logins) <= LOGINS
        assert len(trial.crm.exchanges) - sent <= 3 * ATTEMPTS
        trial.crm.mends()
        trial.clock.forward(600.0)
        await trial.settle(a_full_response(revision=2))
        assert trial.count("c1") == 1


async def who_is_locked_out_waits_for_a_person_and_goes_on(case: Case, folder: Path) -> None:
    async with on_trial(case, folder) as trial:
        trial.crm.lock_out(True)
        for _ in range(ATTEMPTS):
            error = (await trial.once(a_full_response())).error
            assert isinstance(error, Unauthorized), repr(error)
            trial.clock.forward(1.0)
        assert len(trial.crm.logins) <= LOGINS
        trial.crm.lock_out(False)
        trial.clock.forward(600.0)
        await trial.settle(a_full_response())
        assert trial.count("c1") == 1


async def what_is_wrong_is_said_before_anything_is_sent(case: Case, folder: Path) -> None:
    async with on_trial(case, folder) as trial:
        sizes = trial.sizes()
        assert await trial.writer.check() == ""
        trial.crm.lock_out(True)
        trial.crm.expire()
        assert await trial.writer.check() != ""
        trial.crm.lock_out(False)
        trial.clock.forward(600.0)
        await trial.crm.down()
        said = await trial.writer.check()
        assert said != ""
        assert _private(trial, said) == []
        await trial.crm.up()
        assert trial.sizes() == sizes


async def what_is_there_can_be_asked_for(case: Case, folder: Path) -> None:
    """By those who say that they can be asked; nothing is changed by it, and who is locked out says so."""
    async with on_trial(case, folder) as trial:
        parcel = trial.parcel(a_full_response(resolved=True))
        writer, nobody = trial.writer, trial.parcel(other_person("c9", 9))
        if isinstance(writer, Reconciling):
            assert [one.count for one in await writer.stored([parcel, nobody])] == [0, 0]
        await trial.settle(parcel.response)
        before = trial.contents()
        if isinstance(writer, Reconciling):
            found = await writer.stored([parcel, nobody])
            assert [(one.count, tuple(one.drifted)) for one in found] == [(1, ()), (0, ())]
        if isinstance(writer, Describing):
            described = await writer.describe()
            for target, fields in trial.config.mapping.fields.items():
                missing = [one.name for one in fields if one.name not in described.get(target, {})]
                assert missing == [], f"{target} is described without {missing}"
                assert all(writer.advice(target, one.name) for one in fields)
        if isinstance(writer, Preparing):
            assert {step.state for step in await writer.setup(make=False)} <= {"there", "todo"}
        assert trial.contents() == before
        trial.crm.lock_out(True)
        trial.crm.expire()
        if isinstance(writer, Reconciling):
            with pytest.raises(Unauthorized) as caught:
                await writer.stored([parcel])
            _tells_nobody(trial, caught.value)


async def many_at_once_are_each_written_once(case: Case, folder: Path) -> None:
    requests = 0
    for number in (None, 0, 0.5, 1):  # nothing lost at first, then an answer at the beginning, the middle, the end
        async with on_trial(case, folder) as trial:
            responses = [other_person(f"c{one}", one) for one in range(min(trial.writer.batch, 7))]
            if number is not None:
                trial.crm.fails(*[passes()] * int((requests - 1) * number), lost())
            await trial.settle(*responses)
            assert [trial.count(response.chat) for response in responses] == [1] * len(responses)
            if number is None:
                requests, sizes = len(trial.crm.exchanges), trial.sizes()
            assert trial.crm.troubles_left == 0
            assert trial.sizes() == sizes or trial.doubts


async def nobody_is_quoted_in_an_error_or_a_log(case: Case, folder: Path) -> None:
    requests, _ = await plain(case, folder)
    with _listening() as lines:
        for trouble in (echo(), status(500), malformed(), lost()):
            for number in range(requests):
                async with on_trial(case, folder) as trial:
                    trial.crm.fails(*[passes()] * number, trouble)
                    for _ in range(2):
                        error = (await trial.once(a_full_response())).error
                        if error is not None:
                            assert error.request, f"{error!r} does not say what was asked"
                            _tells_nobody(trial, error)
                    assert _private(trial, repr(trial.config) + repr(trial.writer)) == []
        async with on_trial(case, folder) as trial:
            assert _private(trial, "\n".join(lines)) == []


async def what_a_person_types_is_data(case: Case, folder: Path) -> None:
    for attack in ATTACKS:
        async with on_trial(case, folder) as trial:
            await _attack(trial, attack.text, exact=attack.harmless, name=attack.text, company=attack.text)


async def an_address_that_a_person_types_is_data(case: Case, folder: Path) -> None:
    for email in EMAILS:
        async with on_trial(case, folder) as trial:
            await _attack(trial, "too slow", exact=False, email=email)
            # Refused by the contract as the other side would: that it is no address is for them to say.
            trial.crm.faults[:] = [fault for fault in trial.crm.faults if "is not a 'email'" not in fault]


CHECKS: Mapping[str, Callable[[Case, Path], Awaitable[None]]] = {
    check.__name__: check
    for check in (
        a_response_is_one_record_however_often_it_changes,
        an_answer_that_got_lost_leaves_nothing_twice,
        an_answer_that_makes_no_sense_leaves_nothing_twice,
        a_connection_that_breaks_leaves_nothing_out,
        an_answer_that_never_comes_leaves_nothing_twice,
        while_it_is_down_nothing_is_in_doubt,
        too_fast_is_told_with_the_wait_that_was_asked_for,
        a_token_that_ran_out_is_renewed_once,
        who_is_refused_for_ever_does_not_log_in_for_ever,
        who_is_locked_out_waits_for_a_person_and_goes_on,
        what_is_wrong_is_said_before_anything_is_sent,
        what_is_there_can_be_asked_for,
        many_at_once_are_each_written_once,
        nobody_is_quoted_in_an_error_or_a_log,
        what_a_person_types_is_data,
        an_address_that_a_person_types_is_data,
    )
}


async def _at_each_request(case: Case, folder: Path, troubles: Sequence[Trouble]) -> None:
    """Each trouble at each of the requests that a delivery makes; afterwards all is there, and nothing twice."""
    requests, sizes = await plain(case, folder)
    for trouble in troubles:
        for number in range(requests):
            async with on_trial(case, folder) as trial:
                trial.crm.fails(*[passes()] * number, trouble)
                await trial.settle(a_full_response())
                assert trial.crm.troubles_left == 0, "the trouble was never met"
                _nothing_twice(trial, sizes)


def _nothing_twice(trial: Trial, sizes: Mapping[str, int]) -> None:
    """As many records as without trouble. What can neither be repeated nor looked for may be missing, if it is said
    to be in doubt."""
    assert trial.count("c1") == 1
    found = trial.sizes()
    assert found == sizes or (trial.doubts and all(found[title] <= sizes[title] for title in sizes)), found


async def _attack(trial: Trial, reason: str, *, exact: bool, **who: str) -> None:
    """Nobody else's record changes, nothing is made beyond what anyone makes, and `exact` ones do arrive."""
    await trial.settle(other_person("victim"))
    growth = trial.sizes()
    await trial.settle(other_person("second", 2))
    usual = {title: size - growth[title] for title, size in trial.sizes().items()}
    before = trial.contents()
    response = a_full_response("evil", who=who, reason=reason)
    if not who.get("email"):  # it may stand wherever else a page or an agent puts words
        case = replace(response.case, owner=reason, note=reason) if response.case else None
        response = replace(response, visitor=reason, context={"page_url": reason, "campaign": reason}, case=case)
    error = (await trial.once(response)).error
    assert error is None or (isinstance(error, Permanent) and not exact), f"{reason!r} {who}: {error!r}"
    if error is not None:
        _tells_nobody(trial, error)
    if exact:
        cells = [" ".join(cell.split()) for rows in trial.contents().values() for row in rows for cell in row]
        assert any(" ".join(reason.split())[:40] in cell for cell in cells), f"{reason!r} did not arrive: {cells}"
    for title, rows in trial.contents().items():
        gone = [row for row in before[title] if row not in rows]
        assert gone == [], f"{reason!r} {who} changed what is another's: {gone} is not in {rows}"
        assert len(rows) - len(before[title]) <= usual[title], f"{reason!r} {who} made {rows}"
    assert trial.count("victim") == 1
    assert all("x-evil" not in exchange.headers for exchange in trial.crm.exchanges)


def _tells_nobody(trial: Trial, error: DeliveryError) -> None:
    assert _private(trial, f"{error} {error!r} {error.request}") == []


def _private(trial: Trial, text: str) -> list[str]:
    """What is in the text and may not be."""
    secrets = [secret for several in trial.config.secrets.values() for secret in several]
    return [word for word in (*PERSONAL, *secrets) if word.lower() in text.lower()]


@contextmanager
def _listening() -> Iterator[list[str]]:
    """Every log line of any level: ours as they are before any redaction, those of libraries as the service has them
    printed at its most talkative."""
    lines: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.name.partition(".")[0] == "bot":
                lines.append(f"{record.getMessage()} {getattr(record, 'facts', '')} {record.exc_info}")
            lines.append(Lines("plain", Redactor()).format(record))

    root, ear = logging.getLogger(), Ear()
    before = root.level
    root.addHandler(ear)
    root.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        root.removeHandler(ear)
        root.setLevel(before)
