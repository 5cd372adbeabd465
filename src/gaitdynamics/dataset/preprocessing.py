"""From a recording to the pieces of it that are learnt from: read, judged by the rules, cut, and described."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.body.stature import estimate_height
from gaitdynamics.dataset.quality import Finding, choose_rules, cut, judge
from gaitdynamics.dataset.recordings import Recording
from gaitdynamics.errors import UserInputError
from gaitdynamics.trial import Trial

#: Steps beside the quality rules by which a trial can be left out: it cannot be read; what is left teaches nothing; an
#: exception that nobody foresaw.
READABLE: Final = "readable"
USABLE: Final = "usable"
UNFORESEEN: Final = "unforeseen_error"

#: Shorter pieces [s] cannot be filtered.
_SHORTEST_PIECE: Final = 0.3


@dataclass(frozen=True)
class Described:
    """A sample as it comes from a trial: what was done to it, time of its first frame [s], and its fields."""

    variant: str
    start_s: float
    arrays: Mapping[str, NDArray[Any]]

    @property
    def frames(self) -> int:
        """Number of frames."""
        return len(next(iter(self.arrays.values())))


@dataclass(frozen=True)
class Outcome:
    """What became of a recording.

    Attributes
    ----------
    samples
        What can be learnt from; none where it is left out.
    step, reason
        Which step left it out, and a sentence; empty otherwise.
    frames, seconds
        Of the recording, on its own clock; zero and None where it could not be read.
    findings
        Of each quality rule, in order.
    mass_kg, height_m, height_estimated
        Of the person; the height is that of the skeleton's proportions where none is known.
    """

    samples: Sequence[Described] = ()
    step: str = ""
    reason: str = ""
    frames: int = 0
    seconds: float | None = None
    findings: tuple[Finding, ...] = ()
    mass_kg: float | None = None
    height_m: float | None = None
    height_estimated: bool = False


#: Turns a piece of a trial into samples. Raises UserInputError, saying why, where it gives none.
Content = Callable[[Recording, Trial], Iterable[Described]]


@dataclass(frozen=True)
class Describer:
    """Makes the samples of a recording, after quality rules.

    Attributes
    ----------
    content
        What is stored of a piece; a function of a module, so that other processes find it.
    rules
        Name of a list of rules, None for no rules.
    without
        Names of rules of it that are left out.
    """

    content: Content
    rules: str | None = None
    without: tuple[str, ...] = ()

    def __call__(self, recording: Recording) -> Outcome:
        """Describe a recording; whatever is wrong with it is told in the outcome."""
        try:
            trial = recording.load()
        except UserInputError as error:
            return Outcome(step=READABLE, reason=error.problem)
        rules = () if self.rules is None else choose_rules(self.rules, self.without)
        verdict = judge(trial, rules)
        removed = next((f for f in verdict.findings if f.removes_trial), None)
        samples: list[Described] = []
        step, reason = (removed.rule, removed.reason) if removed else ("", "")
        if not removed:
            samples, reason = self._samples(recording, trial, verdict.segments)
            step = "" if samples else USABLE
        height, estimated = _height(trial)
        return Outcome(
            samples=samples,
            step=step,
            reason="" if samples else reason,
            frames=len(trial.time),
            seconds=len(trial.time) / trial.rate,
            findings=verdict.findings,
            mass_kg=trial.subject.mass_kg,
            height_m=height,
            height_estimated=estimated,
        )

    def _samples(
        self, recording: Recording, trial: Trial, segments: Sequence[tuple[int, int]]
    ) -> tuple[list[Described], str]:
        samples: list[Described] = []
        reason = "too short, or hardly a trusted frame"
        for start, stop in segments:
            if stop - start < trial.rate * _SHORTEST_PIECE:
                continue
            try:
                samples += self.content(recording, cut(trial, start, stop))
            except UserInputError as error:
                reason = error.problem
        return samples, reason


def _height(trial: Trial) -> tuple[float | None, bool]:
    """Give the body height [m], and whether it is an estimate; None where it cannot be told."""
    if trial.subject.height_m is not None:
        return trial.subject.height_m, False
    try:
        return estimate_height(trial.subject.model), True
    except UserInputError:
        return None, False


def finding_row(finding: Finding) -> list[Any]:
    """Give a finding as plain JSON: rule, value, threshold, unit, removes the trial, frames it removes, reason."""
    value = finding.value if finding.value is not None and np.isfinite(finding.value) else None
    return [
        finding.rule,
        value,
        finding.threshold,
        finding.unit,
        finding.removes_trial,
        finding.bad_frames,
        finding.reason,
    ]
