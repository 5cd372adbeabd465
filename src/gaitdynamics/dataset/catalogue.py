"""The catalogue of a data folder: one record per trial, read without opening any motion.

Layout of the folder::

    manifest.csv                       one row per trial: study, subject, trial, split, activity, ...
    <study>/<subject>/model.osim       scaled skeleton
    <study>/<subject>/subject.json     mass_kg, height_m, same_person_as
    <study>/<subject>/<trial>_ik.mot   coordinates
    <study>/<subject>/<trial>_grf.mot  measured forces of both feet
    <study>/<subject>/<trial>.json     surface, belt speed, intervals in which each foot's force is complete
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from gaitdynamics.dataset.manifest import MANIFEST, read_records
from gaitdynamics.dataset.records import TrialRecord
from gaitdynamics.errors import UserInputError


@dataclass(frozen=True)
class Catalogue:
    """Trials of a data folder.

    Attributes
    ----------
    folder
        The data folder.
    records
        One per trial, in the order of the manifest.
    same_person
        Pairs of 'study/subject' that are one person under two names.
    """

    folder: Path
    records: tuple[TrialRecord, ...]
    same_person: tuple[tuple[str, str], ...] = ()

    @classmethod
    def read(cls, folder: str | Path) -> Catalogue:
        """Read manifest, subjects and trial facts, and check that every file is there.

        Parameters
        ----------
        folder
            Folder of the layout at the head of this module.

        Raises
        ------
        FileFormatError
            When the manifest, a column of it, a file or a necessary fact is missing.
        UserInputError
            When a person is on more than one side of the split.
        """
        folder = Path(folder)
        records, same_person = read_records(folder)
        catalogue = cls(folder, records, same_person)
        catalogue.check_people()
        return catalogue

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[TrialRecord]:
        return iter(self.records)

    def select(
        self,
        *,
        split: str | Iterable[str] | None = None,
        study: str | Iterable[str] | None = None,
        activity: str | Iterable[str] | None = None,
    ) -> Catalogue:
        """Keep the trials that match every criterion given.

        Parameters
        ----------
        split
            One or several sides of the split; 'test' means every side whose name starts with 'test'.
        study, activity
            One or several names.

        Raises
        ------
        UserInputError
            When a name occurs nowhere in this catalogue (a wrong spelling would select nothing in silence).
        """
        records = self.records
        if split is not None:
            known = {r.split for r in records}
            asked = set()
            for name in _names(split):
                asked |= {s for s in known if s.startswith("test")} if name == "test" else {name}
            self._check_known("split", asked, known)
            records = tuple(r for r in records if r.split in asked)
        if study is not None:
            studies = _names(study)
            self._check_known("study", studies, {r.study for r in self.records})
            records = tuple(r for r in records if r.study in studies)
        if activity is not None:
            activities = _names(activity)
            self._check_known("activity", activities, {r.activity for r in self.records})
            records = tuple(r for r in records if r.activity in activities)
        return replace(self, records=records)

    def _check_known(self, criterion: str, asked: set[str], known: set[str]) -> None:
        unknown = sorted(asked - known)
        if unknown or not asked:
            raise UserInputError(
                f"no trial has {criterion} {', '.join(map(repr, unknown)) or 'of the kind asked for'}",
                file=self.folder,
                remedy=f"choose among: {', '.join(sorted(known)) or 'nothing (the selection is empty)'}",
            )

    def check_people(self) -> None:
        """Check that each person is on one side of the split only (train, val or test).

        Two subjects count as one person when a chain of `same_person_as` joins them.

        Raises
        ------
        UserInputError
            Naming the persons and their sides.
        """
        person_of = _joined(self.same_person)
        sides: dict[str, dict[str, set[str]]] = {}
        for record in self.records:
            side = "test" if record.split.startswith("test") else record.split
            names = sides.setdefault(person_of.get(record.person, record.person), {})
            names.setdefault(side, set()).add(record.person)
        torn = [
            "; ".join(f"{', '.join(sorted(names))} in {side}" for side, names in sorted(by_side.items()))
            for by_side in sides.values()
            if len(by_side) > 1
        ]
        if torn:
            raise UserInputError(
                f"{len(torn)} person(s) are on more than one side of the split: {' | '.join(sorted(torn))}",
                file=self.folder / MANIFEST,
                column="split",
                remedy="put all trials of a person, under every name, on the same side",
            )


def _names(value: str | Iterable[str]) -> set[str]:
    return {value} if isinstance(value, str) else set(value)


def _joined(links: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Give each linked name one representative of its connected group."""
    group: dict[str, set[str]] = {}
    for one, other in links:
        merged = group.get(one, {one}) | group.get(other, {other})
        for name in merged:
            group[name] = merged
    return {name: min(members) for name, members in group.items()}
