"""Each quality rule on a sound walk with one thing made wrong: what it measures, and what it removes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gaitdynamics.columns import LUMBAR
from gaitdynamics.dataset.quality import PAPER, PUBLISHED, choose_rules, cut, judge
from gaitdynamics.errors import UserInputError
from gaitdynamics.trial import Trial
from walking_with_forces import with_forces


@pytest.fixture(scope="module")
def walk(example_trial: Trial) -> Trial:
    return with_forces(example_trial, 300)


def finding(trial: Trial, name: str, rules=PAPER):
    return next(f for f in judge(trial, rules).findings if f.rule == name)


def shifted(trial: Trial, name: str, shift) -> Trial:
    values = trial.values.copy()
    values[:, trial.coordinates.index(name)] += shift
    return trial.with_values(values)


@pytest.mark.parametrize("rules", [PAPER, PUBLISHED], ids=["paper", "published"])
def test_a_sound_walk_stays_whole(walk: Trial, rules) -> None:
    verdict = judge(walk, rules)
    assert verdict.reason is None
    assert verdict.segments == ((0, 300),)
    assert [f.rule for f in verdict.findings] == [rule.name for rule in rules]
    assert all(f.value is not None and not f.reason for f in verdict.findings if f.rule != "contact_bodies")


@pytest.mark.parametrize(
    ("bodies", "removes"), [(None, False), (("calcn_r", "calcn_l"), False), (("a", "b", "c"), True)]
)
def test_the_published_code_drops_trials_with_more_than_two_bodies_in_contact(walk: Trial, bodies, removes) -> None:
    told = replace(walk, provenance={**walk.provenance, "contact_bodies": bodies})
    found = finding(told, "contact_bodies", PUBLISHED)
    assert found.value == (None if bodies is None else len(bodies))
    assert found.removes_trial is removes


def test_without_forces_only_the_motion_is_judged(walk: Trial) -> None:
    for rules in (PAPER, PUBLISHED):
        verdict = judge(replace(walk, forces=None), rules)
        unknown = {f.rule for f in verdict.findings if f.value is None}
        assert unknown == {"cop_distance", *({"contact_bodies", "valid_window"} if rules is PUBLISHED else ())}
        assert verdict.segments == ((0, 300),)


def test_a_trunk_turned_too_far(walk: Trial) -> None:
    before = finding(walk, "trunk_rotation").value
    assert before is not None
    found = finding(shifted(walk, "lumbar_rotation", np.radians(-60.0)), "trunk_rotation")
    assert found.removes_trial
    assert found.value == pytest.approx(60.0, abs=before + 1e-9)
    assert "at most 45 deg is kept" in found.reason


def test_a_trunk_that_was_not_measured_is_not_judged(walk: Trial) -> None:
    lumbar = np.isin(walk.coordinates, LUMBAR)
    turned = shifted(walk, "lumbar_rotation", 2.0)
    found = finding(replace(turned, missing=turned.missing | lumbar), "trunk_rotation")
    assert found.value is None
    assert not found.removes_trial


def test_a_turn_is_removed_and_who_walks_towards_minus_x_only_by_the_published_count(walk: Trial) -> None:
    turn = shifted(walk, "pelvis_rotation", np.linspace(0.0, np.radians(60.0), 300))
    backward = shifted(walk, "pelvis_rotation", np.pi)
    assert finding(turn, "heading_change").value == pytest.approx(60.0, abs=20.0)
    assert finding(turn, "heading_change").removes_trial
    assert finding(turn, "heading_change", PUBLISHED).removes_trial
    assert not finding(backward, "heading_change").removes_trial
    assert finding(backward, "heading_change").value == pytest.approx(finding(walk, "heading_change").value)
    assert finding(backward, "heading_change", PUBLISHED).value > 350.0


@pytest.mark.parametrize(
    ("frames", "paper", "published"), [(149, True, True), (150, False, True), (151, False, True), (152, False, False)]
)
def test_length_is_one_window_by_the_paper_and_two_frames_more_by_the_code(walk, frames, paper, published) -> None:
    short = cut(walk, 0, frames)
    assert finding(short, "length").removes_trial is paper
    assert finding(short, "length", PUBLISHED).removes_trial is published


def cop_moved(trial: Trial, frames: slice, by: float) -> Trial:
    forces = trial.forces
    cop = forces.cop.copy()
    cop[frames, 0, 2] += by
    return replace(trial, forces=replace(forces, cop=cop))


def test_a_centre_of_pressure_far_from_the_foot(walk: Trial) -> None:
    stance = walk.forces.force[:, 0, 1] > 50.0
    first = int(np.flatnonzero(stance)[5])
    moved = cop_moved(walk, slice(first, first + 3), 0.6)
    found = finding(moved, "cop_distance")
    assert found.value == pytest.approx(100.0 * 3 / stance.sum())
    assert found.removes_trial
    # One axis of three frames, of all 300 frames.
    assert finding(moved, "cop_distance", PUBLISHED).value == pytest.approx(100.0 * 3 / 3 / 300)
    assert finding(moved, "cop_distance", PUBLISHED).removes_trial
    assert not finding(cop_moved(walk, slice(first, first + 3), 0.1), "cop_distance").removes_trial


@pytest.mark.parametrize("rules", [PAPER, PUBLISHED], ids=["paper", "published"])
def test_forces_that_are_not_valid_are_not_judged(walk: Trial, rules) -> None:
    moved = cop_moved(walk, slice(0, 100), 0.6)
    valid = np.ones((300, 2), dtype=bool)
    valid[:100, 0] = False
    masked = replace(moved, forces=replace(moved.forces, valid=valid))
    assert finding(moved, "cop_distance", rules).removes_trial
    assert not finding(masked, "cop_distance", rules).removes_trial


def test_the_frames_around_a_jump_of_a_joint_are_removed(walk: Trial) -> None:
    jump = np.zeros(300)
    jump[100:150] = -0.5  # down at 99 -> 100, up at 149 -> 150, 2865 deg/s
    jumping = shifted(walk, "knee_angle_r", jump)
    paper = judge(jumping, PAPER)
    assert paper.reason is None
    assert paper.segments == ((0, 97), (102, 147), (152, 300))
    found = finding(jumping, "joint_speed")
    assert found.bad_frames == 10
    assert found.value == pytest.approx(np.degrees(0.5) * 100.0, rel=0.2)
    # The published code looks at rises only, and then takes two frames from both ends of the trial.
    assert judge(jumping, PUBLISHED).segments == ((2, 147), (151, 298))


def test_a_full_turn_of_numbers_is_no_movement(walk: Trial) -> None:
    wrapped = shifted(walk, "pelvis_rotation", np.where(np.arange(300) < 120, 0.0, 2.0 * np.pi))
    assert finding(wrapped, "joint_speed").bad_frames == 0


def test_a_jump_of_the_pelvis_is_seen_by_the_published_rule(walk: Trial) -> None:
    jumping = shifted(walk, "pelvis_ty", np.where(np.arange(300) < 200, 0.0, 0.1))
    found = finding(jumping, "pelvis_acceleration", PUBLISHED)
    assert found.value == pytest.approx(0.1 * 100.0**2, rel=0.1)
    assert judge(jumping, PUBLISHED).segments == ((2, 196), (200, 298))


def test_frames_without_any_force_are_cut_from_the_ends(walk: Trial) -> None:
    force = walk.forces.force.copy()
    force[:3] = 0.0
    empty = replace(walk, forces=replace(walk.forces, force=force))
    assert judge(empty, PUBLISHED).segments == ((1, 300),)
    assert judge(empty, PAPER).segments == ((0, 300),)


def test_a_window_needs_valid_forces_of_both_feet(walk: Trial) -> None:
    valid = np.ones((300, 2), dtype=bool)
    valid[149, 0] = valid[298, 1] = False
    patchy = replace(walk, forces=replace(walk.forces, valid=valid))
    assert finding(patchy, "valid_window", PUBLISHED).value == pytest.approx(149)
    assert finding(patchy, "valid_window", PUBLISHED).removes_trial


def test_rules_can_be_left_out(walk: Trial) -> None:
    short = cut(walk, 0, 100)
    assert judge(short, PAPER).segments == ()
    rest = choose_rules("paper", without=["length"])
    assert [rule.name for rule in rest] == [rule.name for rule in PAPER if rule.name != "length"]
    assert judge(short, rest).segments == ((0, 100),)
    with pytest.raises(UserInputError, match=r"no yaw[\s\S]*trunk_rotation"):
        choose_rules("paper", without=["yaw"])
    with pytest.raises(UserInputError, match="choose among: paper, published"):
        choose_rules("strict")


def test_a_segment_keeps_its_forces(walk: Trial) -> None:
    valid = np.arange(600).reshape(300, 2) % 3 > 0
    part = cut(replace(walk, forces=replace(walk.forces, valid=valid)), 40, 90)
    np.testing.assert_array_equal(part.time, walk.time[40:90])
    np.testing.assert_array_equal(part.forces.time, part.time)
    np.testing.assert_array_equal(part.forces.force, walk.forces.force[40:90])
    np.testing.assert_array_equal(part.forces.cop, walk.forces.cop[40:90])
    np.testing.assert_array_equal(part.forces.valid, valid[40:90])
