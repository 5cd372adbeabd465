"""The trials that are shown: the right ranks, and the part with the largest error."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gaitdynamics.evaluation.benchmark import evaluate_forces
from gaitdynamics.evaluation.examples import choose_examples, plot_examples, write_examples


@pytest.fixture
def walks(make_trial, make_walking):
    walk = make_trial(make_walking(cycles=8), name="t0")
    return [replace(walk, name=f"t{i}") for i in range(11)]


@pytest.fixture
def method(walks):
    """Trial number i is i %BW off; number 10 only in its last two seconds, but much more there."""

    def estimate(trial):
        number = int(trial.name[1:])
        offset = 7.0 * number
        forces = walks[0].forces
        where = (forces.time > forces.time[-1] - 2.0) if number == 10 else np.ones(len(forces.time), bool)
        offset *= 10.0 if number == 10 else 1.0
        return replace(forces, force=forces.force + np.where(where, offset, 0.0)[:, None, None] * [0.0, 1.0, 0.0])

    return estimate


def test_good_median_and_worst_are_shown_where_they_are_worst(walks, method, make_catalogue, tmp_path):
    catalogue = make_catalogue(*((walk, {}) for walk in walks))
    results = evaluate_forces(catalogue, {"m": method}, split="test").results
    examples = choose_examples(results, "m", "walking")
    assert [example.trial for example in examples][:2] == ["t1", "t5"]
    assert examples[1].error == pytest.approx(5.0)
    figure = plot_examples(examples, [walks[int(e.trial[1:])] for e in examples], "m", method)
    assert len(figure.axes) == 9
    worst = figure.axes[6].lines[0].get_xdata()
    assert worst[-1] == pytest.approx(walks[0].time[-1])
    assert worst[-1] - worst[0] == pytest.approx(2.5, abs=0.02)
    file, vector = write_examples(catalogue, results, {"m": method}, tmp_path)
    assert (file.name, vector.name) == ("examples_walking_m.png", "examples_walking_m.pdf")
    assert file.stat().st_size > 10_000
