"""Cycle numbers and answers: pure, and true to companion profile 3.2."""

from devices.simulator.cycles import EPOCH, Rounds

ROUNDS = Rounds(seed=1)
SERIAL = "UAAEEDN11100001001"


def test_a_cycle_number_counts_whole_periods_since_2020():
    assert ROUNDS.finished(1, EPOCH + 6 * 3600 - 1) == 0
    assert ROUNDS.finished(1, EPOCH + 6 * 3600) == 1
    assert ROUNDS.finished(3, EPOCH + 24 * 3600) == 3
    assert ROUNDS.finished(7, EPOCH + 24 * 3600) == 8


def test_the_scale_shortens_every_cycle():
    assert Rounds(1, scale=72).length(2) == 300
    assert Rounds(1, scale=72).finished(2, EPOCH + 3000) == 10


def test_a_row_at_the_end_of_a_cycle_belongs_to_it():
    end = ROUNDS.end(2, 100)
    assert ROUNDS.first_for(2, end) == 100
    assert ROUNDS.first_for(2, end + 1) == 101
    assert ROUNDS.first_for(2, end - 1) == 100


def test_about_every_thirtieth_answer_is_missing():
    answers = [ROUNDS.answers(SERIAL, 2, cycle) for cycle in range(4000)]
    assert 0.96 < sum(answers) / 4000 < 0.98
    assert answers == [Rounds(seed=1).answers(SERIAL, 2, cycle) for cycle in range(4000)]


def test_silent_meters_never_answer():
    rounds = Rounds(seed=1, silent_share=0.2)
    serials = [f"UAAEEDN111{number:08d}" for number in range(500)]
    silent = [serial for serial in serials if rounds.is_silent(serial)]
    assert 60 < len(silent) < 140
    assert not any(rounds.answers(serial, 2, cycle) for serial in silent for cycle in range(50))


def test_neighbours_of_a_missed_cycle_are_found():
    missed = next(c for c in range(9000, 10_000) if not ROUNDS.answers(SERIAL, 2, c))
    assert ROUNDS.answered_before(SERIAL, 2, missed + 1) < missed
    later = ROUNDS.answered_from(SERIAL, 2, missed, missed + 50)
    assert later is not None
    assert later > missed
    assert ROUNDS.answered_from(SERIAL, 2, missed, missed) is None
