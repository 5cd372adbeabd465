"""Trials in the columns of the published networks, in a store of windows: how they are written, and come back."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import partial
from typing import Any, Final

from gaitdynamics.dataset.preprocessing import Described, Describer
from gaitdynamics.dataset.quality import choose_rules
from gaitdynamics.dataset.recordings import Recording
from gaitdynamics.dataset.store_manifest import SampleEntry
from gaitdynamics.dataset.store_parts import Recipe
from gaitdynamics.dataset.window_store import Field, WindowStore
from gaitdynamics.errors import FileFormatError
from gaitdynamics.features.published.schema import PUBLISHED_63
from gaitdynamics.training.published_data import PublishedSample, sample_of
from gaitdynamics.trial import Trial

#: Version of what is stored: which fields, and what they mean.
NAME: Final = f"column-samples-1/{PUBLISHED_63.name}"

FIELDS: Final[dict[str, Field]] = {
    "values": Field(dtype="float32", shape=(len(PUBLISHED_63.names),)),
    "known": Field(dtype="bool", shape=(len(PUBLISHED_63.names),)),
}

_RUNNING: Final = {"walking": False, "running": True}


def column_content(recording: Recording, trial: Trial, *, published: bool = False) -> Iterator[Described]:
    """Describe a piece of a trial in the 63 columns; raises as `sample_of`."""
    sample = sample_of(recording.study, recording.label, trial, published=published)
    yield Described("as_measured", float(trial.time[0]), {"values": sample.values, "known": sample.known})


def column_recipe(rules: str | None = None, without: Sequence[str] = ()) -> Recipe:
    """Say how a store of the 63 columns is made.

    Parameters
    ----------
    rules, without
        As of `dataset.preprocessing.Describer`. With the rules 'published' columns are made as the published code
        makes them too (`features.published.trial.columns_of_trial`).

    Raises
    ------
    UserInputError
        There are no such rules.
    """
    published = rules == "published"
    thresholds = {} if rules is None else {rule.name: rule.threshold for rule in choose_rules(rules, without)}
    settings: dict[str, Any] = {
        "columns": list(PUBLISHED_63.names),
        "published_columns": published,
        "rules": rules,
        "thresholds": thresholds,
    }
    describe = Describer(partial(column_content, published=published), rules, tuple(without))
    return Recipe(NAME, FIELDS, PUBLISHED_63.rate, settings, describe)


def columns_from_store(
    store: WindowStore, split: str, activities: Collection[str] = ("walking", "running", "")
) -> list[PublishedSample]:
    """Give the samples of one side of the split, in the order of the store; their arrays stay mapped.

    Parameters
    ----------
    store
        Made by `column_recipe`.
    split
        Side of the split.
    activities
        Which to give; '' is one that is not known.

    Raises
    ------
    FileFormatError
        The store holds something else.
    """
    return [
        PublishedSample(
            entry.study,
            entry.label,
            arrays["values"],
            arrays["known"],
            entry.height_estimated,
            float("nan") if entry.height_m is None else entry.height_m,
            _RUNNING.get(entry.activity),
        )
        for entry in column_entries(store, split, activities)
        for arrays in (store.sample(entry),)
    ]


def column_entries(
    store: WindowStore, split: str, activities: Collection[str] = ("walking", "running", "")
) -> list[SampleEntry]:
    """Give the entries of the samples that `columns_from_store` gives; raises as it does."""
    check_column_store(store)
    return [entry for entry in store.select(split) if entry.activity in activities]


def check_column_store(store: WindowStore) -> None:
    """Check that a store holds the 63 columns; raises FileFormatError."""
    if store.description.name != NAME or store.description.settings.get("columns") != list(PUBLISHED_63.names):
        raise FileFormatError(
            f"the store holds {store.description.name}; what is to be trained needs {NAME}",
            file=store.folder,
            remedy="make the store again: gaitdynamics prepare SOURCE --out STORE --for denoiser --overwrite",
        )
