"""Study maps: who is on which side of the split, what was walked on, and how heavy people are."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from gaitdynamics.dataset import Catalogue
from gaitdynamics.dataset.belt import find_belt_speed
from gaitdynamics.dataset.mapped_recording import MappedRecording
from gaitdynamics.dataset.study_map import StudyMap, read_study_map
from gaitdynamics.errors import FileFormatError, UserInputError
from gaitdynamics.trial import FootForces, Surface, Trial
from walking_with_forces import with_forces


@dataclass(frozen=True)
class Kept:
    """A recording that is in memory."""

    study: str
    subject: str
    trial: str
    content: Trial = field(compare=False, hash=False)

    @property
    def label(self) -> str:
        return f"{self.study}/{self.subject}/{self.trial}"

    def load(self) -> Trial:
        return self.content


@pytest.fixture(scope="module")
def walk(example_trial: Trial) -> Trial:
    return with_forces(example_trial, 300)


def on_belt(walk: Trial, speed: float) -> Trial:
    """Let the floor of the walk run backward under the person; what was walked on is then not known."""
    values = walk.values.copy()
    shift = -speed * (walk.time - walk.time[0])
    values[:, walk.coordinates.index("pelvis_tx")] += shift
    forces = walk.forces
    cop = forces.cop + np.where(forces.force[..., 1:2] > 0, shift[:, None, None] * np.array([1.0, 0.0, 0.0]), 0.0)
    return replace(walk, values=values, forces=replace(forces, cop=cop), surface=Surface())


def test_the_shipped_map_is_that_of_the_paper() -> None:
    studies = read_study_map("addbiomechanics").studies
    training = {name for name, facts in studies.items() if facts.side == "train"}
    assert training == {
        *("Camargo2021", "Moore2015", "Tan2022", "vanderZee2022", "Wang2023", "Carter2023", "Tan2021", "Santos2017"),
    }
    assert all(studies[name].held_out == 1 for name in training)
    unseen = {name for name, facts in studies.items() if facts.side == "unseen"} - {"Uhlrich2021"}
    assert unseen == {
        *("Falisse2017", "Han2023", "Tiziana2019", "Uhlrich2023", "Hamner2013", "Fregly2012", "Li2021"),
    }
    assert studies["Moore2015"].mass_kg[17] == 88.3
    assert len(studies["Moore2015"].mass_kg) == 12
    running = {name for name, facts in studies.items() if facts.activity == "running"}
    assert running == {"Carter2023", "Hamner2013", "Tan2021", "Wang2023"}


def test_sides_activities_surfaces_and_masses(walk: Trial) -> None:
    known = read_study_map("addbiomechanics")
    names = [
        *(("Camargo2021", s, t) for s in ("AB06", "AB30", "AB9") for t in ("level_split3", "level_split5")),
        *(("Moore2015", f"subject{n}", "longTrial") for n in (1, 3, 17)),
        ("Li2021", "s1", "walk"),
        ("Falisse2017", "s1", "SquatJump1"),
    ]
    mapped = {m.label: m for m in known.apply([Kept(*name, walk) for name in names])}
    assert {m.split for m in mapped.values() if m.study == "Li2021"} == {"test_unseen_study"}
    # The last one by number, not by letter.
    assert {m.subject for m in mapped.values() if m.split == "test_held_out_subject"} == {"AB30", "subject17"}
    assert mapped["Camargo2021/AB9/level_split3"].split == "train"
    assert mapped["Camargo2021/AB9/level_split3"].surface == "overground"
    assert mapped["Camargo2021/AB9/level_split5"].surface == "treadmill"
    assert [mapped[f"Moore2015/subject{n}/longTrial"].mass_kg for n in (1, 3, 17)] == [None, 54.0, 88.3]
    assert mapped["Falisse2017/s1/SquatJump1"].activity == "other"
    assert mapped["Li2021/s1/walk"].activity == "walking"
    plain = known.apply([Kept("Moore2015", "subject3", "longTrial", walk)], masses=False, belt_speed=False)
    assert (plain[0].mass_kg, plain[0].surface, plain[0].split) == (None, "overground", "train")


def test_participants_to_hold_out_are_named(walk: Trial) -> None:
    recordings = [Kept("Own", f"p{n}", "walk", walk) for n in range(3)]
    known = StudyMap.model_validate({"studies": {"Own": {"side": "train", "held_out": ["p0", "p2"]}}})
    assert [m.split for m in known.apply(recordings)] == ["test_held_out_subject", "train", "test_held_out_subject"]
    wrong = StudyMap.model_validate({"studies": {"Own": {"side": "train", "held_out": ["p7"]}}})
    with pytest.raises(UserInputError, match="no participant p7 to hold out; it has p0, p1, p2"):
        wrong.apply(recordings)
    with pytest.raises(UserInputError, match=r"does not know Other; it knows Own[\s\S]*\[studies\.NAME\]"):
        known.apply([Kept("Other", "p", "walk", walk)])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[studies.A\n", "not readable as TOML"),
        ("[studies.A]\nside = 'left'\n", r"studies\.A\.side"),
        ("[studies.A]\nside = 'train'\ncolour = 1\n", r"studies\.A\.colour"),
        ("not_gait = ['jump']\n", "studies: Field required"),
    ],
)
def test_mistakes_in_a_map_are_told_with_their_place(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "map.toml"
    path.write_text(text)
    with pytest.raises(FileFormatError, match=message):
        read_study_map(path)
    with pytest.raises(FileFormatError, match=r"nowhere\.toml[\s\S]*addbiomechanics"):
        read_study_map(tmp_path / "nowhere.toml")


@pytest.mark.parametrize("speed", [0.0, 0.8, 1.6])
def test_a_belt_under_a_walk_is_found(walk: Trial, speed: float) -> None:
    still = find_belt_speed(walk)
    assert still < 0.03
    assert find_belt_speed(on_belt(walk, speed)) == pytest.approx(speed, abs=0.03)


def test_a_belt_is_found_whichever_way_the_person_faces(walk: Trial) -> None:
    trial = on_belt(walk, 1.2)
    turned = trial.values.copy()
    angle = np.radians(115.0)
    about_y = Rotation.from_euler("Y", angle)
    place, turn = (
        [trial.coordinates.index(f"pelvis_{name}") for name in names]
        for names in (("tx", "ty", "tz"), ("tilt", "list", "rotation"))
    )
    turned[:, place] = about_y.apply(trial.values[:, place])
    turned[:, turn] = (about_y * Rotation.from_euler("ZXY", trial.values[:, turn])).as_euler("ZXY")
    assert find_belt_speed(trial.with_values(turned)) == pytest.approx(find_belt_speed(trial), abs=1e-6)


def test_without_loaded_feet_no_belt_is_made_up(walk: Trial) -> None:
    with pytest.raises(UserInputError, match="no forces were measured"):
        find_belt_speed(replace(walk, forces=None))
    nothing = FootForces(walk.time, np.zeros_like(walk.forces.force), np.zeros_like(walk.forces.cop))
    with pytest.raises(UserInputError, match="no foot is loaded"):
        find_belt_speed(replace(walk, forces=nothing))
    with pytest.raises(UserInputError, match="move forward"):
        find_belt_speed(on_belt(walk, -1.0))


def test_a_mapped_recording_is_loaded_with_what_is_known(walk: Trial) -> None:
    trial = on_belt(walk, 1.1)
    kept = Kept("Own", "p", "walk", trial)
    loaded = MappedRecording(kept, "train", "walking", "treadmill", 81.0).load()
    assert loaded.subject.mass_kg == 81.0
    assert loaded.surface.kind == "treadmill"
    assert loaded.surface.belt_speed == pytest.approx(1.1, abs=0.03)
    assert MappedRecording(kept, "train", "walking").load() is trial
    assert MappedRecording(kept, "train", "walking", "overground").load().surface == Surface()


def test_real_belts_are_found(data_folder: Path) -> None:
    """Of training and validation people; the belt speeds are those on record."""
    catalogue = Catalogue.read(data_folder).select(split="train", study=["Fukuchi2017", "OpenSimGait2354"])
    belts = [record for record in catalogue if record.surface.kind == "treadmill"][::6]
    errors = []
    for record in belts:
        trial = record.load()
        errors.append(find_belt_speed(replace(trial, surface=Surface())) - record.surface.belt_speed)
    assert len(errors) >= 9
    assert np.abs(errors).max() < 0.1
    assert abs(np.mean(errors)) < 0.04
