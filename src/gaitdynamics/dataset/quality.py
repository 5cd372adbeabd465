"""Quality rules: which trials, and which frames of a trial, are left out of training.

Two lists of rules: `PAPER` as the paper states them, `PUBLISHED` as the published code counts them. Each rule stands
alone, measures a number and compares it with a threshold, so that what it removes can be counted and it can be left
out. Where a rule measures something that a trial does not have (a trunk, say), it does not judge that trial.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from gaitdynamics.dataset import quality_measures as measures
from gaitdynamics.errors import UserInputError
from gaitdynamics.trial import Array, FootForces, Mask, Trial


@dataclass(frozen=True)
class Finding:
    """What a rule found of a trial.

    Attributes
    ----------
    rule
        Name of the rule.
    value
        What was measured, of a frame rule the largest; None where it cannot be measured.
    threshold, unit
        With which it was compared.
    removes_trial
        Whether the trial is to be left out.
    bad
        (T,) frames to be left out; None of a rule on whole trials.
    reason
        A sentence for people; empty where nothing is removed.
    """

    rule: str
    value: float | None
    threshold: float
    unit: str
    removes_trial: bool = False
    bad: Mask | None = None
    reason: str = ""

    @property
    def bad_frames(self) -> int:
        """Number of frames to be left out by a frame rule."""
        return 0 if self.bad is None else int(self.bad.sum())


@dataclass(frozen=True)
class TrialRule:
    """A rule on whole trials.

    Attributes
    ----------
    name, quantity
        Short name, and what is measured, in words.
    threshold, unit, keeps
        A trial is kept whose value is 'at most' or 'at least' the threshold.
    source
        Where the rule and its threshold are from.
    measure
        Gives the value of a trial, None where it has none.
    """

    name: str
    quantity: str
    threshold: float
    unit: str
    keeps: Literal["at most", "at least"]
    source: str
    measure: Callable[[Trial], float | None]

    @property
    def limit(self) -> str:
        """What is kept, in words."""
        return f"{self.keeps} {self.threshold:g} {self.unit}"

    def check(self, trial: Trial) -> Finding:
        """Apply the rule to a trial."""
        value = self.measure(trial)
        finding = Finding(self.name, value, self.threshold, self.unit)
        if value is None:
            return finding
        removes = value > self.threshold if self.keeps == "at most" else value < self.threshold
        if not removes:
            return finding
        reason = f"{self.quantity}: {value:.4g} {self.unit}, {self.limit} is kept"
        return replace(finding, removes_trial=True, reason=reason)


@dataclass(frozen=True)
class FrameRule:
    """A rule on frames: those whose value is above the threshold are left out, with their neighbours.

    Attributes
    ----------
    name, quantity, threshold, unit, source
        As of `TrialRule`.
    measure
        Gives the values (T,) of a trial.
    before, after
        How many neighbours are left out as well.
    ends
        How many frames are left out at both ends of a trial in which any frame is.
    """

    name: str
    quantity: str
    threshold: float
    unit: str
    source: str
    measure: Callable[[Trial], Array]
    before: int = 0
    after: int = 0
    ends: int = 0

    @property
    def limit(self) -> str:
        """What is kept, in words."""
        return f"at most {self.threshold:g} {self.unit}"

    def check(self, trial: Trial) -> Finding:
        """Apply the rule to a trial."""
        values = self.measure(trial)
        over = values > self.threshold
        bad = over.copy()
        for frame in np.flatnonzero(over):
            bad[max(frame - self.before, 0) : frame + self.after + 1] = True
        if over.any() and self.ends:
            bad[: self.ends] = bad[-self.ends :] = True
        finding = Finding(self.name, float(values.max()), self.threshold, self.unit, bad=bad)
        if not over.any():
            return finding
        text = f"{self.quantity}: up to {values.max():.4g} {self.unit}, more than {self.threshold:g}"
        return replace(finding, reason=f"{text} in {int(over.sum())} frames", removes_trial=bool(bad.all()))


Rule = TrialRule | FrameRule

_METHODS: Final = "paper, Methods, quality checks"
_CODE: Final = "published code"
_TRUNK: Final = TrialRule(
    "trunk_rotation",
    "mean rotation of the trunk on the pelvis",
    45.0,
    "deg",
    "at most",
    f"{_METHODS}; {_CODE}",
    measures.trunk_rotation,
)

#: The rules of the paper, in the order in which it names them.
PAPER: Final[tuple[Rule, ...]] = (
    _TRUNK,
    TrialRule(
        "heading_change", "range of the pelvis' heading", 45.0, "deg", "at most", _METHODS, measures.heading_range
    ),
    TrialRule("length", "duration", 1.5, "s", "at least", _METHODS, measures.duration),
    TrialRule(
        "cop_distance",
        f"stance with the centre of pressure more than {measures.FARTHEST_COP} m from the foot",
        0.2,
        "% of stance",
        "at most",
        _METHODS,
        measures.far_cop_share,
    ),
    FrameRule(
        "joint_speed", "angular speed of a joint", 2000.0, "deg/s", _METHODS, measures.joint_speed, before=2, after=2
    ),
)

#: The rules as the published code counts, in its order.
PUBLISHED: Final[tuple[Rule, ...]] = (
    TrialRule("contact_bodies", "bodies in contact", 2.0, "bodies", "at most", _CODE, measures.contact_bodies),
    FrameRule("empty_ends", "first or last frame without any force", 0.5, "flag", _CODE, measures.empty_ends),
    _TRUNK,
    TrialRule(
        "cop_distance",
        f"axes on which the centre of pressure is more than {measures.FARTHEST_COP} m from the foot",
        0.2,
        "% of frames",
        "at most",
        _CODE,
        measures.far_cop_share_published,
    ),
    TrialRule(
        "heading_change",
        "range of the pelvis' heading, not unwrapped",
        45.0,
        "deg",
        "at most",
        _CODE,
        measures.heading_range_published,
    ),
    TrialRule("length", "length at 100 Hz", 152.0, "frames", "at least", _CODE, measures.frames_at_model_rate),
    FrameRule(
        "pelvis_acceleration",
        "acceleration of the pelvis along an axis",
        320.0,
        "m/s^2",
        _CODE,
        measures.pelvis_acceleration_published,
        before=2,
        after=1,
        ends=2,
    ),
    FrameRule(
        "joint_speed",
        "rise of a joint angle or an element of a rotation",
        2000.0,
        "deg/s",
        _CODE,
        measures.joint_speed_published,
        before=2,
        after=1,
        ends=2,
    ),
    TrialRule(
        "valid_window",
        "longest stretch with valid forces of both feet, at 100 Hz",
        150.0,
        "frames",
        "at least",
        _CODE,
        measures.longest_valid_run,
    ),
)

#: The lists by name.
RULES: Final[dict[str, tuple[Rule, ...]]] = {"paper": PAPER, "published": PUBLISHED}


def choose_rules(name: str, without: Collection[str] = ()) -> tuple[Rule, ...]:
    """Give a list of rules, some left out.

    Raises
    ------
    UserInputError
        There is no list or no rule of that name.
    """
    if name not in RULES:
        raise UserInputError(f"there are no rules '{name}'", remedy=f"choose among: {', '.join(RULES)}")
    names = [rule.name for rule in RULES[name]]
    unknown = sorted(set(without) - set(names))
    if unknown:
        raise UserInputError(
            f"the rules '{name}' have no {', '.join(unknown)}", remedy=f"choose among: {', '.join(names)}"
        )
    return tuple(rule for rule in RULES[name] if rule.name not in without)


@dataclass(frozen=True)
class Verdict:
    """All findings of a trial, one per rule in their order, and what remains of it.

    `segments` are (first frame, frame after the last) on the trial's clock; none where the trial is left out.
    """

    findings: tuple[Finding, ...]
    segments: tuple[tuple[int, int], ...]

    @property
    def reason(self) -> str | None:
        """Why the trial is left out, by the first rule that says so; None if it is kept."""
        return next((f"{f.rule}: {f.reason}" for f in self.findings if f.removes_trial), None)


def judge(trial: Trial, rules: Sequence[Rule]) -> Verdict:
    """Apply rules to a trial; forces, where it has any, are on the rows of the motion.

    Every rule sees the whole trial, also where another one has removed it, so that counts do not depend on the order.
    """
    findings = tuple(rule.check(trial) for rule in rules)
    if any(finding.removes_trial for finding in findings):
        return Verdict(findings, ())
    good = np.ones(len(trial.time), dtype=np.bool_)
    for finding in findings:
        if finding.bad is not None:
            good &= ~finding.bad
    edges = np.flatnonzero(np.diff(np.concatenate([[0], good.astype(int), [0]])))
    segments = tuple((int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True))
    return Verdict(findings, segments)


def cut(trial: Trial, start: int, stop: int) -> Trial:
    """Take frames `start` to `stop` (excluded) of a trial, its forces with it.

    Raises
    ------
    ValueError
        The forces are not on the rows of the motion.
    """
    if (start, stop) == (0, len(trial.time)):
        return trial
    part = slice(start, stop)
    forces = trial.forces
    if forces is not None:
        valid = measures.valid_frames_of(trial)
        moment = forces.free_moment
        forces = FootForces(
            forces.time[part],
            forces.force[part],
            forces.cop[part],
            None if moment is None else moment[part],
            None if forces.valid is None else valid[part],
        )
    return replace(trial, time=trial.time[part], values=trial.values[part], forces=forces)
