"""Which parts of which trials a training batch shows: drawn at random, the same for the same batch number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Generic, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from gaitdynamics.inference.windows import WINDOW

#: Lengths of training windows [frames] and how often each is drawn. Many overground trials hold one step only, and
#: users bring short trials too.
LENGTHS: Final = {60: 0.25, 100: 0.25, WINDOW: 0.5}


class Drawable(Protocol):
    """What can be cut into windows."""

    @property
    def study(self) -> str:
        """Where it comes from."""

    @property
    def frames(self) -> int:
        """Number of frames."""


SampleT = TypeVar("SampleT", bound=Drawable)

Places = NDArray[np.int64]


class Cut(NamedTuple, Generic[SampleT]):
    """A window: the sample, and the frames to take of it."""

    sample: SampleT
    part: slice


class StudyDraws(Generic[SampleT]):
    """Random windows, study by study.

    Studies are drawn with a probability that grows with the square root of their duration, then trials, then
    windows. All windows of a batch have one length, so nothing is padded.

    Parameters
    ----------
    samples
        The trials; at least one of the shortest length.
    batch
        Windows per batch.
    seed
        Of the random numbers. Batch k is the same whenever it is asked for, which makes resuming exact.
    lengths
        Lengths of windows [frames] and how often each is drawn; those that no trial has are left out.

    Notes
    -----
    Differences from the paper: not uniform over studies, because some here are a single trial of five seconds.
    """

    def __init__(
        self, samples: Sequence[SampleT], batch: int, seed: int, lengths: Mapping[int, float] = LENGTHS
    ) -> None:
        self.by_study: dict[str, list[SampleT]] = {}
        for sample in samples:
            self.by_study.setdefault(sample.study, []).append(sample)
        self.studies = sorted(self.by_study)
        frames = np.array([sum(s.frames for s in self.by_study[study]) for study in self.studies], dtype=float)
        self.probability = np.sqrt(frames) / np.sqrt(frames).sum()
        self.batch, self.seed = batch, seed
        longest = max((sample.frames for sample in samples), default=0)
        there = {length: share for length, share in lengths.items() if length <= longest}
        if not there:
            raise ValueError(f"no sample has {min(lengths)} frames")
        whole = sum(there.values())
        self.lengths = {length: share / whole for length, share in there.items()}

    def cuts(self, index: int) -> tuple[list[Cut[SampleT]], np.random.Generator]:
        """Draw the windows of batch number `index`.

        Returns
        -------
        cuts
            Of one length.
        rng
            The generator that drew them, for what else is random in this batch.
        """
        rng = np.random.default_rng((self.seed, index))
        length = int(rng.choice(list(self.lengths), p=list(self.lengths.values())))
        return [self._cut(rng, length) for _ in range(self.batch)], rng

    def pick(self, rng: np.random.Generator, study: str) -> SampleT:
        """Pick a trial of a study."""
        return self.by_study[study][rng.integers(len(self.by_study[study]))]

    def _cut(self, rng: np.random.Generator, length: int) -> Cut[SampleT]:
        while True:
            study = self.studies[rng.choice(len(self.studies), p=self.probability)]
            sample = self.pick(rng, study)
            if sample.frames >= length:
                start = int(rng.integers(sample.frames - length + 1))
                return Cut(sample, slice(start, start + length))


class PlaceDraws:
    """Places of random windows in samples that lie end to end, a whole batch at once.

    Windows are drawn with the probabilities of `StudyDraws`.

    Parameters
    ----------
    samples
        The trials; at least one of the shortest length.
    lengths
        As of `StudyDraws`.
    first
        (K,) where each sample begins; by default they lie end to end.
    apart, apart_share
        (K,) which samples are drawn apart from the others of their study, and how often, in studies that have both.

    Attributes
    ----------
    studies
        Study -> probability with which it is drawn.
    """

    def __init__(
        self,
        samples: Sequence[Drawable],
        lengths: Mapping[int, float] = LENGTHS,
        *,
        first: Places | None = None,
        apart: NDArray[np.bool_] | None = None,
        apart_share: float = 0.0,
    ) -> None:
        studies = StudyDraws(samples, 1, 0, lengths)
        self.lengths = studies.lengths
        self.studies = dict(zip(studies.studies, map(float, studies.probability), strict=True))
        self.frames = np.array([sample.frames for sample in samples])
        self.first = np.concatenate([[0], np.cumsum(self.frames)[:-1]]) if first is None else first
        weight = self._weights([sample.study for sample in samples], apart, apart_share)
        self._cumulated = {length: np.cumsum(np.where(self.frames >= length, weight, 0.0)) for length in self.lengths}

    def _weights(
        self, studies: Sequence[str], apart: NDArray[np.bool_] | None, apart_share: float
    ) -> NDArray[np.float64]:
        """Give the probability of each sample (K,), if all are long enough."""
        names, study = np.unique(np.asarray(studies), return_inverse=True)
        if apart is None:
            apart, apart_share = np.zeros(len(studies), dtype=np.bool_), 0.0
        counts = np.stack([np.bincount(study[apart == side], minlength=len(names)) for side in (False, True)])
        share = np.broadcast_to(np.array([[1.0 - apart_share], [apart_share]]), counts.shape)
        # A study that has only one kind is drawn from that.
        share = np.where((counts == 0).any(0), 1.0, share)
        side = apart.astype(np.int64)
        of_study = np.array([self.studies[name] for name in names])
        return np.asarray(of_study[study] * share[side, study] / counts[side, study])

    def length(self, rng: np.random.Generator) -> int:
        """Draw a length of windows [frames]."""
        return int(rng.choice(list(self.lengths), p=list(self.lengths.values())))

    def draw(self, rng: np.random.Generator, length: int, count: int) -> tuple[Places, Places]:
        """Draw `count` windows of one length.

        Returns
        -------
        trials, starts
            (count,) numbers of samples, and the first frame of each window among the frames of all samples.
        """
        cumulated = self._cumulated[length]
        trials = np.searchsorted(cumulated, rng.random(count) * cumulated[-1], side="right")
        starts = self.first[trials] + rng.integers(self.frames[trials] - length + 1)
        return trials, starts
