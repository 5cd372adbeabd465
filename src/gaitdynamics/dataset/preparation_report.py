"""The report on a preparation: what each step removed, of all studies and of each, as the paper tells it of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gaitdynamics.dataset.preprocessing import READABLE, UNFORESEEN, USABLE
from gaitdynamics.dataset.quality import RULES
from gaitdynamics.dataset.store_manifest import LeftOut, load_pyarrow
from gaitdynamics.files.atomic import write_text

if TYPE_CHECKING:
    from gaitdynamics.dataset.store_parts import TrialFacts

REPORT: Final = "report.md"
CHECKS: Final = "checks.parquet"

#: What the paper tells of the AddBiomechanics data set (Methods, quality checks).
PAPER_COUNTS: Final[dict[str, str]] = {
    "trunk_rotation": "121 (0.5 %)",
    "heading_change": "1682 (7.5 %)",
    "length": "3669 (16.4 %)",
    "cop_distance": "3725 (16.7 %)",
    "joint_speed": "833 frames (< 0.01 %)",
}

_CHECK_COLUMNS: Final = {
    **dict.fromkeys(("study", "subject", "trial", "rule"), "string"),
    **dict.fromkeys(("value", "threshold"), "float64"),
    "unit": "string",
    "removes_trial": "bool_",
    "removed_frames": "int64",
    "reason": "string",
    "frames": "int64",
    "seconds": "float64",
}


@dataclass
class _Removed:
    """By one step, of one study."""

    trials: int = 0
    first: int = 0
    frames: int = 0
    seconds: float = 0.0


@dataclass
class _Study:
    trials: int = 0
    seconds: float = 0.0
    frames: int = 0
    kept_trials: int = 0
    kept_seconds: float = 0.0
    removed: dict[str, _Removed] = field(default_factory=dict)


@dataclass
class _Side:
    people: set[tuple[str, str]] = field(default_factory=set)
    trials: int = 0
    seconds: float = 0.0


class PreparationTally:
    """Counts what became of trials, one after the other.

    Parameters
    ----------
    settings
        Of the recipe, for the head of the report.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings
        self._studies: dict[str, _Study] = {}
        self._sides: dict[str, _Side] = {}
        self._checks: list[tuple[Any, ...]] = []

    def add_unreadable(self, part: LeftOut) -> None:
        """Count a file or session of which not even the trials are known, as one trial."""
        study = self._study(part.study)
        study.trials += 1
        self._remove(study, READABLE, 0, 0.0, first=True)

    def add(self, trial: TrialFacts) -> None:
        """Count a trial."""
        name, subject, of = trial.label.split("/", 2)
        study = self._study(name)
        seconds = trial.seconds or 0.0
        study.trials += 1
        study.seconds += seconds
        study.frames += trial.frames
        removed_already = False
        for rule, value, threshold, unit, removes, frames, reason in trial.findings:
            gone = trial.frames if removes else frames
            self._checks.append(
                (name, subject, of, rule, value, threshold, unit, removes, gone, reason, trial.frames, trial.seconds)
            )
            if removes or frames:
                share = seconds * gone / trial.frames
                self._remove(study, rule, gone, share, trial=removes, first=removes and not removed_already)
            removed_already |= removes
        if trial.left_out is not None:
            if not removed_already:
                self._remove(study, trial.left_out.step, trial.frames, seconds, first=True)
            return
        kept = [entry for entry in trial.entries if entry.variant == trial.entries[0].variant]
        kept_seconds = sum(entry.frames / entry.rate_hz for entry in kept)
        study.kept_trials += 1
        study.kept_seconds += kept_seconds
        side = self._sides.setdefault(kept[0].split, _Side())
        side.people.add((name, subject))
        side.trials += 1
        side.seconds += kept_seconds

    def _study(self, name: str) -> _Study:
        return self._studies.setdefault(name, _Study())

    def _remove(
        self, study: _Study, step: str, frames: int, seconds: float, *, first: bool, trial: bool = True
    ) -> None:
        removed = study.removed.setdefault(step, _Removed())
        removed.trials += int(trial)
        removed.first += int(first)
        removed.frames += frames
        removed.seconds += seconds

    @property
    def steps(self) -> list[str]:
        """The steps in their order: reading, rules, and what is left over."""
        return [READABLE, *self.settings.get("thresholds", {}), USABLE, UNFORESEEN]

    def step_rows(self) -> list[tuple[str, str, str, str, str, str]]:
        """Count per step: trials removed, seconds and frames removed, by no step before, and in the paper."""
        trials = sum(study.trials for study in self._studies.values())
        frames = sum(study.frames for study in self._studies.values())
        rows = []
        for step in self.steps:
            found = [study.removed[step] for study in self._studies.values() if step in study.removed]
            gone = sum(r.trials for r in found)
            lost = sum(r.frames for r in found)
            rows.append(
                (
                    step,
                    _share(gone, trials),
                    f"{sum(r.seconds for r in found):.1f}",
                    _share(lost, frames),
                    str(sum(r.first for r in found)),
                    PAPER_COUNTS.get(step, ""),
                )
            )
        return rows

    def write(self, folder: Path) -> None:
        """Write report.md and checks.parquet (one row per trial and rule)."""
        write_text(folder / REPORT, self._markdown())
        pa, parquet = load_pyarrow()
        columns = list(zip(*self._checks, strict=True)) or [()] * len(_CHECK_COLUMNS)
        kinds = {name: getattr(pa, kind)() for name, kind in _CHECK_COLUMNS.items()}
        named = zip(kinds.items(), columns, strict=True)
        parquet.write_table(pa.table({name: pa.array(values, kind) for (name, kind), values in named}), folder / CHECKS)

    def _markdown(self) -> str:
        trials = sum(study.trials for study in self._studies.values())
        kept = sum(study.kept_trials for study in self._studies.values())
        hours = sum(study.seconds for study in self._studies.values()) / 3600.0
        kept_hours = sum(study.kept_seconds for study in self._studies.values()) / 3600.0
        rules = self.settings.get("rules") or "none"
        lines = [
            "# Preparation",
            "",
            f"Of {trials} trials ({hours:.3f} h) {kept} ({kept_hours:.3f} h) are in the store. Rules: {rules}.",
            "",
            "Every rule looks at every trial that can be read, so that its count does not depend on the order; 'first' "
            "are those that no step before it removes.",
            "",
            "## Steps",
            "",
            *_table(
                ("step", "trials removed", "seconds removed", "frames removed", "first", "in the paper, of its data"),
                self.step_rows(),
            ),
            "",
            *self._thresholds(),
            "## By study",
            "",
            *_table(("study", "trials", "hours", *self.steps, "kept", "hours kept"), self._study_rows()),
            "",
            "## By side of the split",
            "",
            *_table(("split", "people", "trials", "hours"), self._side_rows()),
        ]
        return "\n".join(lines) + "\n"

    def _thresholds(self) -> list[str]:
        rules = self.settings.get("rules")
        chosen = [rule for rule in RULES.get(str(rules), ()) if rule.name in self.settings.get("thresholds", {})]
        if not chosen:
            return []
        rows = [(rule.name, rule.quantity, rule.limit, rule.source) for rule in chosen]
        return [*_table(("rule", "what is measured", "kept", "from"), rows), ""]

    def _study_rows(self) -> list[list[str]]:
        rows = []
        for name, study in sorted(self._studies.items()):
            removed = [study.removed.get(step, _Removed()).trials for step in self.steps]
            cells = [_share(count, study.trials) for count in removed]
            kept = _share(study.kept_trials, study.trials)
            rows.append(
                [name, str(study.trials), _hours(study.seconds), *cells, kept, _hours(study.kept_seconds)],
            )
        return rows

    def _side_rows(self) -> list[tuple[str, str, str, str]]:
        return [
            (name, str(len(side.people)), str(side.trials), _hours(side.seconds))
            for name, side in sorted(self._sides.items())
        ]


def _share(count: int, of: int) -> str:
    if not count:
        return "0"
    share = 100.0 * count / of
    return f"{count} ({share:.0f} %)" if share >= 10.0 else f"{count} ({share:.2g} %)"


def _hours(seconds: float) -> str:
    return f"{seconds / 3600.0:.3f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]
