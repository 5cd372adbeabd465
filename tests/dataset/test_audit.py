"""What a look at a trial finds, one fault at a time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gaitdynamics.dataset.audit import TrialAudit, audit_trial
from gaitdynamics.trial import FootForces, Surface, Trial
from walking_with_forces import with_forces


@pytest.fixture(scope="module")
def walk(example_trial: Trial) -> Trial:
    return with_forces(example_trial, 260)


def audit(trial: Trial) -> TrialAudit:
    return audit_trial(trial, "study", "s1", trial.name)


def kinds(trial: Trial) -> list[str]:
    return [finding.kind for finding in audit(trial).findings]


def with_other_forces(trial: Trial, **changes) -> Trial:
    assert trial.forces is not None
    return replace(trial, forces=replace(trial.forces, **changes))


def forces_of(trial: Trial) -> FootForces:
    assert trial.forces is not None
    return trial.forces


def test_nothing_is_wrong(walk: Trial) -> None:
    found = audit(walk)
    assert found.findings == ()
    assert found.gain == pytest.approx(1.0, abs=0.02)
    assert found.residual_vertical is not None
    assert found.residual_vertical < 8.0
    assert found.cop_beside_percent == found.other_foot_percent == 0.0
    assert found.valid_percent == 100.0
    assert found.slip_m_s == pytest.approx(0.0, abs=0.1)
    assert found.demanded_bw == pytest.approx(1.0, abs=0.05)
    assert found.vertical is not None
    assert found.vertical.measured is not None


def test_without_forces(walk: Trial) -> None:
    found = audit(replace(walk, forces=None))
    assert found.findings == ()
    assert (found.has_forces, found.gain, found.residual_vertical, found.valid_percent) == (False, None, None, None)


def test_mass(walk: Trial) -> None:
    heavier = replace(walk, subject=replace(walk.subject, mass_kg=1.1 * walk.subject.mass_kg))
    assert kinds(heavier) == ["mass", "gain"]
    assert audit(heavier).gain == pytest.approx(1.0 / 1.1, abs=0.02)


@pytest.mark.parametrize("factor", [1 / 1000, 1 / 9.81, 4.45])
def test_units_of_force(walk: Trial, factor: float) -> None:
    found = audit(with_other_forces(walk, force=factor * forces_of(walk).force))
    assert found.gain == pytest.approx(factor, rel=0.02)
    said = {finding.kind: finding.text for finding in found.findings}
    assert ("another unit?" in said["gain"]) == (factor < 0.2)


def test_sides_swapped(walk: Trial) -> None:
    forces = forces_of(walk)
    assert {"sides", "cop"} <= set(kinds(with_other_forces(walk, force=forces.force[:, ::-1], cop=forces.cop[:, ::-1])))


def test_points_beside_the_foot(walk: Trial) -> None:
    found = audit(with_other_forces(walk, cop=forces_of(walk).cop + np.array([0.0, 0.0, 0.3])))
    assert "cop" in [finding.kind for finding in found.findings]
    assert found.cop_beside_percent == 100.0


def test_forces_late(walk: Trial) -> None:
    late = np.roll(forces_of(walk).force, 25, axis=0)
    assert "residual" in kinds(with_other_forces(walk, force=late))


def test_only_valid_frames_count(walk: Trial) -> None:
    force, valid = forces_of(walk).force.copy(), np.ones((260, 2), dtype=bool)
    force[:100] = 0.0
    valid[:100, 0] = False
    off = audit(with_other_forces(walk, force=force))
    assert [finding.kind for finding in off.findings] == ["plates"]
    assert "38 % of valid frames" in off.findings[0].text
    found = audit(with_other_forces(walk, force=force, valid=valid))
    assert found.findings == ()
    assert found.valid_percent == pytest.approx(100.0 * 160 / 260)
    nothing = audit(with_other_forces(walk, valid=np.zeros((260, 2), dtype=bool)))
    assert (nothing.gain, nothing.cop_beside_percent, nothing.findings) == (None, None, ())


def test_surface(walk: Trial) -> None:
    found = audit(replace(walk, surface=Surface("treadmill", 1.0)))
    assert [finding.kind for finding in found.findings] == ["surface"]
    assert found.slip_m_s == pytest.approx(-1.0, abs=0.15)


def test_rate_and_weight(walk: Trial) -> None:
    slow = replace(walk, time=2.5 * walk.time, forces=None)
    assert kinds(slow)[0] == "rate"
    falling = walk.values.copy()
    falling[:, walk.coordinates.index("pelvis_ty")] -= 0.5 * 9.81 * 0.3 * walk.time**2
    assert "weight" in kinds(replace(walk, values=falling, forces=None))
