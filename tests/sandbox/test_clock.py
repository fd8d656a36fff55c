import pytest

from bot.sandbox.clock import DAY, HOUR, Clock

NOVEMBER = 1_795_000_000_000


def test_it_shows_the_machines_time_and_what_it_was_moved_by() -> None:
    clock, machine = Clock(), Clock()
    clock.move(DAY)
    clock.move(HOUR)
    assert clock.offset == DAY + HOUR
    before = machine()
    assert 0 <= clock() - before - DAY - HOUR < 10_000


def test_it_may_begin_anywhere() -> None:
    assert 0 <= Clock(NOVEMBER)() - NOVEMBER < 10_000


def test_who_waits_for_a_time_is_told_of_a_move() -> None:
    clock, told = Clock(NOVEMBER), []
    clock.told.append(lambda: told.append(clock() >= NOVEMBER + DAY))
    clock.move(DAY)
    assert told == [True]


def test_time_never_goes_back() -> None:
    clock = Clock()
    with pytest.raises(ValueError, match="forward"):
        clock.move(-1)
