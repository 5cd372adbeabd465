"""What scoring trials finds: rows of tables, and curves for figures."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from gaitdynamics.dataset.records import TrialRecord
from gaitdynamics.trial import Array

RESULT_KEYS: Final = ("study", "subject", "trial", "split", "activity", "condition", "surface", "side", "method")
LEFT_OUT_COLUMNS: Final = ("study", "subject", "trial", "split", "activity", "side", "method", "protocol", "reason")


@dataclass(frozen=True)
class CurvePair:
    """Measured and estimated force over the stances of one foot in one trial.

    Attributes
    ----------
    study, activity, side, method
        Where they belong.
    measured, estimated
        (S, 101, 3) [%BW] over 0-100 % of each measured stance; X forward, Y up, Z right.
    """

    study: str
    activity: str
    side: str
    method: str
    measured: Array
    estimated: Array


@dataclass
class Tally:
    """What has been found: rows of the tables, and curves for the figures."""

    rows: list[dict[str, object]] = field(default_factory=list)
    left_out: list[dict[str, object]] = field(default_factory=list)
    coverage: list[dict[str, object]] = field(default_factory=list)
    curves: list[CurvePair] = field(default_factory=list)

    def leave_out(
        self, record: TrialRecord, reason: str, *, side: str = "", method: str = "", protocol: str = ""
    ) -> None:
        """Note that something of a trial was not scored; an empty side, method or protocol stands for all."""
        keys = (record.study, record.subject, record.trial, record.split, record.activity)
        values = (*keys, side, method, protocol, reason)
        self.left_out.append(dict(zip(LEFT_OUT_COLUMNS, values, strict=True)))

    def add(self, other: Tally) -> None:
        """Take over what another found."""
        self.rows += other.rows
        self.left_out += other.left_out
        self.coverage += other.coverage
        self.curves += other.curves
