"""Which windows of a store a batch shows: drawn by studies, trials and windows, the same for the same batch number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.dataset.store_manifest import SampleEntry
from gaitdynamics.errors import UserInputError

Rows = NDArray[np.int64]

Weighting = Literal["uniform", "root_duration"]

#: Length of the paper's windows [frames].
PAPER_LENGTHS: Final[dict[int, float]] = {150: 1.0}


@dataclass(frozen=True)
class Draw:
    """Windows of one batch: sample (B,) as index into the entries, first row (B,) in the arrays, length [frames]."""

    sample: Rows
    rows: Rows
    length: int


@dataclass(frozen=True)
class _Choice:
    """What can be drawn of one length.

    `samples` (K,) entries with such a window, `cumulative` (K,) their cumulative probability, `count` (K,) how many
    windows each has. The first rows of those of sample k are `starts` from `offset[k]` on; where any row will do there
    are no `starts`, but the rows from `offset[k]` on.
    """

    samples: Rows
    cumulative: NDArray[np.float64]
    offset: Rows
    count: Rows
    starts: Rows | None


class WindowSampler:
    """Random windows of some samples of a store.

    A study is drawn, then one of its trials, each as likely as the other, then a window of that trial, of whatever
    segment or variant. All windows of a batch have one length, so nothing is padded.

    Parameters
    ----------
    entries
        The samples, as the store gives them.
    batch
        Windows per batch.
    seed
        Of the random numbers. Batch k is the same whenever it is asked for, which makes resuming exact.
    lengths
        Lengths [frames] and how often each is drawn; those that no sample has are left out.
    weighting
        'uniform': all studies are as likely, as in the paper. 'root_duration': a study's probability grows with the
        square root of its duration, for folders in which a study is a single trial.
    available
        (rows,) of the store, where a window may be: a window lies wholly in such frames. Everywhere by default.

    Raises
    ------
    UserInputError
        There is no window of any of the lengths.

    Notes
    -----
    Differences from the paper: none with the defaults and `available` where both feet are valid. A study without a
    window of the length that is drawn has no part in that batch.
    """

    def __init__(
        self,
        entries: Sequence[SampleEntry],
        batch: int,
        seed: int,
        *,
        lengths: Mapping[int, float] = PAPER_LENGTHS,
        weighting: Weighting = "uniform",
        available: NDArray[np.bool_] | None = None,
    ) -> None:
        self.batch, self.seed = batch, seed
        choices = {length: _choices(entries, length, weighting, available) for length in lengths}
        self._choices = {length: choice for length, choice in choices.items() if choice is not None}
        if not self._choices:
            raise UserInputError(
                f"no sample has a window of {min(lengths)} frames",
                remedy="add longer trials to the data, or ask for shorter windows",
            )
        shares = np.array([lengths[length] for length in self._choices])
        self._lengths, self._shares = list(self._choices), shares / shares.sum()

    def draw(self, index: int) -> Draw:
        """Draw the windows of batch number `index`."""
        rng = np.random.default_rng((self.seed, index))
        length = self._lengths[int(rng.choice(len(self._lengths), p=self._shares))]
        choice = self._choices[length]
        drawn = np.searchsorted(choice.cumulative, rng.random(self.batch), side="right")
        drawn = np.minimum(drawn, len(choice.samples) - 1)
        nth = choice.offset[drawn] + (rng.random(self.batch) * choice.count[drawn]).astype(np.int64)
        return Draw(choice.samples[drawn], nth if choice.starts is None else choice.starts[nth], length)


def _choices(
    entries: Sequence[SampleEntry], length: int, weighting: Weighting, available: NDArray[np.bool_] | None
) -> _Choice | None:
    starts: list[Rows] = []
    if available is None:
        # The rows themselves are not listed: there may be a thousand million of them.
        count = np.array([max(0, entry.frames - length + 1) for entry in entries], dtype=np.int64)
    else:
        starts = [_starts(entry, length, available) for entry in entries]
        count = np.array([len(s) for s in starts], dtype=np.int64)
    with_window = [int(i) for i in np.flatnonzero(count)]
    if not with_window:
        return None
    count = count[with_window]
    studies: dict[str, float] = {}
    trials: dict[str, float] = {}
    trials_of: dict[str, set[str]] = {}
    for index, windows in zip(with_window, count, strict=True):
        entry = entries[index]
        studies[entry.study] = studies.get(entry.study, 0.0) + entry.frames / entry.rate_hz
        trials[entry.label] = trials.get(entry.label, 0.0) + float(windows)
        trials_of.setdefault(entry.study, set()).add(entry.label)
    weight = {study: 1.0 if weighting == "uniform" else float(np.sqrt(time)) for study, time in studies.items()}
    probability = np.array(
        [
            weight[e.study] / len(trials_of[e.study]) * windows / trials[e.label]
            for e, windows in zip((entries[i] for i in with_window), count, strict=True)
        ]
    )
    samples, cumulative = np.array(with_window, dtype=np.int64), np.cumsum(probability) / probability.sum()
    if available is None:
        first = np.array([entries[i].first_row for i in with_window], dtype=np.int64)
        return _Choice(samples, cumulative, first, count, None)
    listed = np.concatenate([starts[i] for i in with_window])
    return _Choice(samples, cumulative, np.cumsum(count) - count, count, listed)


def _starts(entry: SampleEntry, length: int, available: NDArray[np.bool_]) -> Rows:
    """First rows of the windows of a sample that lie wholly in available frames."""
    possible = entry.frames - length + 1
    if possible < 1:
        return np.zeros(0, dtype=np.int64)
    first = np.arange(entry.first_row, entry.first_row + possible, dtype=np.int64)
    good = np.concatenate([[0], np.cumsum(available[entry.rows])])
    return np.asarray(first[good[length:] - good[:-length] == length])
