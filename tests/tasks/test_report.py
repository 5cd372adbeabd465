from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError
from rich.console import Console

from gaitdynamics.tasks.report import build_report, headline, read_report, side_mean, summary_table
from gaitdynamics.tasks.report_records import ForceReport
from synthetic_walk import STANCE, estimate, uncertain


def test_report_states_facts_of_the_estimate() -> None:
    report = build_report(estimate(), grf_naming="opencap", files=["walk_grf.mot"])
    assert report.inputs[0].model_dump() == {"role": "motion", "file": "walk.mot", "sha256": "ab" * 32}
    assert report.subject.generic_skeleton
    assert report.subject.body_weight_n == pytest.approx(report.subject.mass_kg * 9.80665)
    assert report.motion.missing_coordinates == ["mtp_angle_r", "mtp_angle_l"]
    assert (report.motion.start_s, report.motion.rate_hz) == pytest.approx((3.0, 100.0))
    assert report.weights.sha256 == "cd" * 32
    assert report.seed == 3
    assert "not predicted" in report.conventions["free_moment"]
    # Said by the trial and again by the estimate: told once.
    assert report.warnings == ["toes were not measured", "the walk is synthetic"]


def test_numbers_of_the_report_match_closed_form() -> None:
    report = build_report(estimate())
    assert report.gait.cadence_steps_per_min == pytest.approx(120.0, rel=0.02)
    assert report.gait.mean_speed_m_s == pytest.approx(1.2)
    for side in ("r", "l"):
        assert side_mean(report, "peak_vertical_bw", side) == pytest.approx(1.1, rel=1e-3)
        impulse = 2 * 1.1 * STANCE / np.pi  # of a half sine
        assert side_mean(report, "vertical_impulse_bw_s", side) == pytest.approx(impulse, rel=5e-3)
        assert side_mean(report, "duration_s", side) == pytest.approx(STANCE, abs=0.021)
    # The synthetic law of Newton asks for 2 % more vertical force in every frame.
    newton = report.difference_from_newton
    assert (newton.forward_x_bw, newton.up_y_bw, newton.right_z_bw) == pytest.approx((0.0, 0.02, 0.0))


def test_uncertainty_is_the_mean_over_stance_of_each_foot() -> None:
    result = estimate()
    forces, weight = result.forces, result.trial.body_weight
    # Four frames of stance of the right foot, of which one bears too little for a centre of pressure; none of the left.
    contact = np.zeros_like(result.contact)
    contact[10:14, 0] = True
    force, force_sd, cop_sd = (np.zeros_like(forces.force) for _ in range(3))
    force[10:14, 0, 1] = weight * np.array([0.04, 0.5, 1.0, 0.5])
    force_sd[:] = 1e6  # in swing it means nothing
    force_sd[10:14, 0] = weight * np.outer([0.01, 0.02, 0.03, 0.06], [1.0, 3.0, 0.5])
    cop_sd[10:14, 0] = np.outer([0.9, 0.01, 0.02, 0.03], [1.0, 0.0, 0.5])
    forces = replace(forces, force=force, force_sd=force_sd, cop_sd=cop_sd)
    found = build_report(replace(result, forces=forces, contact=contact)).uncertainty
    assert found is not None
    assert found.force_forward_x_percent_bw.r == pytest.approx(3.0)
    assert found.force_up_y_percent_bw.r == pytest.approx(9.0)
    assert found.force_right_z_percent_bw.r == pytest.approx(1.5)
    assert found.cop_forward_x_mm.r == pytest.approx(20.0)
    assert found.cop_right_z_mm.r == pytest.approx(10.0)
    assert found.force_up_y_percent_bw.l is None
    assert found.cop_right_z_mm.l is None
    assert (found.level, found.factor) == pytest.approx((0.95, 1.959964))
    assert "widened" in found.meaning


def test_without_standard_deviations_the_report_has_none_as_reports_of_before() -> None:
    report = build_report(estimate())
    assert report.uncertainty is None
    before = report.model_dump(exclude={"uncertainty"})
    assert ForceReport.model_validate(before) == report


def test_report_survives_its_file_and_refuses_unknown_fields(tmp_path: Path) -> None:
    report = build_report(uncertain(estimate()))
    file = tmp_path / "report.json"
    file.write_text(report.model_dump_json())
    assert read_report(file) == report
    content = json.loads(file.read_text())
    file.write_text(json.dumps({**content, "mood": "fine"}))
    with pytest.raises(ValidationError, match="mood"):
        read_report(file)


def test_schema_describes_every_stance_measure() -> None:
    schema = ForceReport.model_json_schema()
    stance = schema["$defs"]["StanceMeasures"]
    assert stance["properties"]["peak_vertical_bw"]["type"] == "number"
    assert set(stance["required"]) == set(stance["properties"])


def test_table_tells_both_feet(capsys: pytest.CaptureFixture[str]) -> None:
    Console(width=100).print(summary_table(build_report(estimate())))
    text = capsys.readouterr().out
    (line,) = [line for line in text.splitlines() if "peak vertical" in line]
    assert line.count("1.10") == 2
    assert "stance time [s]" in text  # and not taken for markup


def test_headline_tells_surface_mass_speed_and_cadence() -> None:
    assert headline(build_report(estimate())) == "walk: overground, 75.0 kg, 1.20 m/s, 120 steps/min"
