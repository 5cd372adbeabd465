"""Gait cycles of signals whose cycles are known by construction."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaitdynamics.evaluation.gait_cycles import CycleRules, gait_cycles, scored_frames, stance_intervals

RATE = 100.0
WEIGHT = 700.0
RULES = CycleRules()
#: Vertical force in stance [N].
LOAD = 600.0


def steps(*phases: int) -> np.ndarray:
    """Alternate swing and stance, each lasting so many frames, swing first."""
    return np.concatenate([np.full(n, LOAD * (i % 2)) for i, n in enumerate(phases)])


def find(vertical, valid=None, rules=RULES, *, overground=False, rate=RATE):
    valid = np.ones(len(vertical), dtype=bool) if valid is None else valid
    return gait_cycles(vertical, valid, rate, WEIGHT, rules, overground=overground)


def spans(cycles):
    return [(c.start, c.stop, c.stances) for c in cycles]


def test_stances_are_complete_ones_only():
    vertical = steps(0, 5, 10, 20, 10, 30, 10, 4)
    assert stance_intervals(vertical, 70.0).tolist() == [[15, 35], [45, 75]]


@pytest.mark.parametrize("vertical", [np.zeros(9), np.full(9, LOAD), np.zeros(0), steps(5, 5), steps(0, 5, 5)])
def test_no_stance_without_both_edges(vertical):
    assert stance_intervals(vertical, 70.0).shape == (0, 2)


def test_a_force_at_the_threshold_is_swing():
    vertical = np.array([0.0, 70.0, 70.0001, 70.0, 0.0])
    assert stance_intervals(vertical, 70.0).tolist() == [[2, 3]]


def test_cycles_run_from_heel_strike_to_heel_strike():
    vertical = steps(10, 60, 40, 62, 38, 61, 30)
    assert spans(find(vertical)) == [(10, 110, ((10, 70),)), (110, 210, ((110, 172),))]


def test_last_cycle_may_end_with_a_stance_under_way():
    vertical = steps(10, 60, 40, 5)
    assert spans(find(vertical)) == [(10, 110, ((10, 70),))]


def test_trial_that_begins_in_stance():
    vertical = steps(0, 30, 40, 60, 40, 60, 5)
    assert spans(find(vertical)) == [(70, 170, ((70, 130),))]


@pytest.mark.parametrize(
    ("stance", "swing", "accepted"),
    [
        (10, 10, True),  # 0.1 s of 0.2 s: both shortest
        (9, 30, False),  # stance too short
        (10, 9, False),  # cycle too short
        (150, 50, True),  # 1.5 s of 2 s: both longest
        (151, 20, False),  # stance too long
        (150, 51, False),  # cycle too long
    ],
)
def test_limits_of_durations_are_inclusive(stance, swing, accepted):
    assert len(find(steps(5, stance, swing, 20))) == int(accepted)


@pytest.mark.parametrize("rate", [60.0, 120.005, 250.0])
def test_limits_are_in_seconds_at_any_rate(rate):
    shortest = int(np.ceil(0.1 * rate))
    assert len(find(steps(5, shortest, shortest + 1, 20), rate=rate)) == 1
    assert len(find(steps(5, shortest - 1, shortest + 10, 20), rate=rate)) == 0


def test_no_cycle_reaches_into_frames_that_are_not_valid():
    vertical = steps(10, 60, 40, 60, 40, 60, 40, 60, 10)
    valid = np.ones(len(vertical), dtype=bool)
    valid[150] = False  # inside the second cycle
    assert [(c.start, c.stop) for c in find(vertical, valid)] == [(10, 110), (210, 310)]


def test_heel_strike_must_be_seen_within_the_interval():
    vertical = steps(10, 60, 40, 60, 30)
    valid = np.ones(len(vertical), dtype=bool)
    valid[:10] = False  # the first valid frame is already in stance
    assert find(vertical, valid) == ()


def test_overground_without_a_cycle_takes_the_interval_with_a_complete_stance():
    vertical = steps(20, 60, 25)
    valid = np.ones(len(vertical), dtype=bool)
    valid[:5] = False
    (cycle,) = find(vertical, valid, overground=True)
    assert (cycle.start, cycle.stop, cycle.stances, cycle.whole_interval) == (5, 105, ((20, 80),), True)
    assert find(vertical, valid, overground=False) == ()
    assert find(vertical, valid, CycleRules.paper(), overground=True) == ()


def test_whole_interval_needs_a_complete_stance_of_accepted_duration():
    assert find(steps(0, 60, 30), overground=True) == ()
    assert find(steps(30, 60), overground=True) == ()
    assert find(steps(5, 9, 30), overground=True) == ()
    assert find(steps(5, 151, 30), overground=True) == ()


def test_whole_interval_only_where_the_foot_has_no_cycle():
    vertical = np.concatenate([steps(10, 60, 40, 60, 10), steps(20, 60, 20)])
    valid = np.ones(len(vertical), dtype=bool)
    valid[185] = False  # parts the trial in two: one with a cycle, one with a single step
    assert [(c.start, c.stop, c.whole_interval) for c in find(vertical, valid, overground=True)] == [(10, 110, False)]


def test_chatter_around_the_threshold_at_heel_strike_costs_no_cycle():
    vertical = np.concatenate([steps(10, 1, 1, 60, 38, 60, 10)])
    assert spans(find(vertical)) == [(12, 110, ((12, 72),))]


phases = st.lists(st.integers(1, 250), min_size=0, max_size=12)


@given(phases, st.lists(st.booleans(), min_size=0, max_size=40), st.booleans())
def test_scored_frames_are_valid_and_never_counted_twice(lengths, blocks, overground):
    vertical = steps(*lengths) if lengths else np.zeros(7)
    valid = np.resize(np.repeat([*blocks, True], 37), len(vertical))
    cycles = find(vertical, valid, overground=overground)
    mask = scored_frames(cycles, len(vertical))
    assert not (mask & ~valid).any()
    assert mask.sum() == sum(c.stop - c.start for c in cycles)
    for cycle in cycles:
        for a, b in cycle.stances:
            assert cycle.start <= a < b <= cycle.stop
            assert (vertical[a:b] > 70.0).all()
            assert vertical[a - 1] <= 70.0 >= vertical[b] if b < len(vertical) else False


@given(phases)
def test_scaling_force_and_weight_together_changes_nothing(lengths):
    vertical = steps(*lengths) if lengths else np.zeros(7)
    valid = np.ones(len(vertical), dtype=bool)
    double = gait_cycles(2 * vertical, valid, RATE, 2 * WEIGHT, RULES, overground=True)
    assert double == find(vertical, overground=True)


@pytest.mark.parametrize(("stance", "accepted"), [(10, False), (11, True), (150, False), (149, True)])
def test_the_published_code_refuses_the_limits_themselves(stance, accepted):
    vertical = steps(5, stance, 30, 20, 20)
    found = find(vertical, rules=CycleRules.published_code())
    assert (found[0].start == 5) == accepted
    assert find(vertical)[0].start == 5


def test_the_published_code_takes_all_valid_frames_where_there_is_no_cycle():
    vertical = steps(5, 20, 30)
    valid = np.arange(len(vertical)) < 20  # the stance never ends in them
    rules = CycleRules.published_code()
    assert spans(find(vertical, valid, rules, overground=True)) == [(0, 20, ((0, 20),))]
    assert spans(find(vertical, valid, rules, overground=False)) == [(0, 20, ())]
    assert find(vertical, valid, CycleRules.paper(), overground=True) == ()
    assert find(vertical, np.zeros(len(vertical), bool), rules, overground=True) == ()
