"""The common tests can fail: a small writer that is right passes all of them, and one that is wrong does not.

What it does wrong is each time something that a writer of ours was, or could have been, wrong in.
"""

from pathlib import Path

import pytest

from bot.errors import DeliveryError
from tests.harness.crm_checks import CHECKS
from tests.harness.crm_demo import demo_case

WRONG = [
    ("has no key", "a_response_is_one_record_however_often_it_changes"),
    ("has no key", "an_answer_that_got_lost_leaves_nothing_twice"),
    ("does not look", "an_answer_that_got_lost_leaves_nothing_twice"),
    ("does not look", "an_answer_that_makes_no_sense_leaves_nothing_twice"),
    ("does not look", "an_answer_that_never_comes_leaves_nothing_twice"),
    ("does not look", "many_at_once_are_each_written_once"),
    ("chokes", "an_answer_that_makes_no_sense_leaves_nothing_twice"),
    ("gives up", "a_connection_that_breaks_leaves_nothing_out"),
    ("gives up", "while_it_is_down_nothing_is_in_doubt"),
    ("raises", "a_connection_that_breaks_leaves_nothing_out"),
    ("hurries", "too_fast_is_told_with_the_wait_that_was_asked_for"),
    ("never renews", "a_token_that_ran_out_is_renewed_once"),
    ("logs in again and again", "who_is_refused_for_ever_does_not_log_in_for_ever"),
    ("logs in again and again", "who_is_locked_out_waits_for_a_person_and_goes_on"),
    ("is never at a loss", "what_is_wrong_is_said_before_anything_is_sent"),
    ("miscounts", "what_is_there_can_be_asked_for"),
    ("quotes the person", "nobody_is_quoted_in_an_error_or_a_log"),
    ("shows the request", "nobody_is_quoted_in_an_error_or_a_log"),
    ("logs the person", "nobody_is_quoted_in_an_error_or_a_log"),
    ("logs its secret", "nobody_is_quoted_in_an_error_or_a_log"),
    ("writes into a header", "what_a_person_types_is_data"),
    ("writes into a query", "an_address_that_a_person_types_is_data"),
]


@pytest.mark.parametrize(("wrong", "check"), WRONG)
async def test_a_writer_that_is_wrong_is_found_out(wrong: str, check: str, tmp_path: Path) -> None:
    with pytest.raises((AssertionError, DeliveryError, ValueError)):
        await CHECKS[check](demo_case(wrong), tmp_path)


def test_each_of_the_common_tests_has_found_something_out() -> None:
    assert {check for _, check in WRONG} == set(CHECKS)
