"""The field's names for coordinates, bodies and force columns, each in one place.

Coordinate names are those of the Rajagopal (2016) full-body OpenSim model; `ALIASES` maps the spellings of
other model families onto them. The side order is always right, left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

#: Order of the feet in every array with a side axis.
SIDES: Final = ("r", "l")

PELVIS_ROTATIONS: Final = ("pelvis_tilt", "pelvis_list", "pelvis_rotation")
PELVIS_TRANSLATIONS: Final = ("pelvis_tx", "pelvis_ty", "pelvis_tz")
LUMBAR: Final = ("lumbar_extension", "lumbar_bending", "lumbar_rotation")


def leg(side: str) -> tuple[str, ...]:
    """Name the seven coordinates of one leg, hip to toes; `side` is 'r' or 'l'."""
    return tuple(
        f"{name}_{side}"
        for name in (
            "hip_flexion",
            "hip_adduction",
            "hip_rotation",
            "knee_angle",
            "ankle_angle",
            "subtalar_angle",
            "mtp_angle",
        )
    )


#: The 23 coordinates of the full body without arms, in the order of the published skeleton.
FULL_BODY: Final = (*PELVIS_ROTATIONS, *PELVIS_TRANSLATIONS, *leg("r"), *leg("l"), *LUMBAR)

#: Without these no force can be estimated; the others have a stated substitute (see `trial.Trial`).
REQUIRED: Final = (*PELVIS_ROTATIONS, *PELVIS_TRANSLATIONS, *leg("r")[:5], *leg("l")[:5])

#: Bodies on which the ground acts.
FOOT_BODIES: Final = {"r": "calcn_r", "l": "calcn_l"}

#: Other spellings of coordinate names: gait2392/gait2354, LaiUhlrich (OpenCap) and Pose2Sim models.
#: All of them mean the same rotation with the same sign as the name they map to, in *their own* model.
ALIASES: Final[dict[str, str]] = {
    # gait2392 / gait2354
    "lumbar_ext": "lumbar_extension",
    "lumbar_bend": "lumbar_bending",
    "lumbar_rot": "lumbar_rotation",
    "hip_flex_r": "hip_flexion_r",
    "hip_flex_l": "hip_flexion_l",
    "hip_add_r": "hip_adduction_r",
    "hip_add_l": "hip_adduction_l",
    "hip_rot_r": "hip_rotation_r",
    "hip_rot_l": "hip_rotation_l",
    "knee_flexion_r": "knee_angle_r",
    "knee_flexion_l": "knee_angle_l",
    "knee_r": "knee_angle_r",
    "knee_l": "knee_angle_l",
    "ankle_r": "ankle_angle_r",
    "ankle_l": "ankle_angle_l",
    "ankle_flexion_r": "ankle_angle_r",
    "ankle_flexion_l": "ankle_angle_l",
    "subtalar_r": "subtalar_angle_r",
    "subtalar_l": "subtalar_angle_l",
    "mtp_r": "mtp_angle_r",
    "mtp_l": "mtp_angle_l",
    # full-body models with a segmented spine (Pose2Sim and its relatives): the lowest joint carries the trunk
    "L5_S1_Flex_Ext": "lumbar_extension",
    "L5_S1_Lat_Bending": "lumbar_bending",
    "L5_S1_axial_rotation": "lumbar_rotation",
    "L5_S1_FE": "lumbar_extension",
    "L5_S1_LB": "lumbar_bending",
    "L5_S1_AR": "lumbar_rotation",
}

_ALIASES_LOWER: Final = {alias.lower(): name for alias, name in ALIASES.items()}


def canonical(name: str) -> str:
    """Give the Rajagopal name of a coordinate, whatever the spelling; other names in lower case."""
    return _ALIASES_LOWER.get(name.lower(), name.lower())


@dataclass(frozen=True)
class ForceColumns:
    """Labels of the columns of one foot in a force file; '{}' stands for the axis x, y or z.

    `torque` lists the spellings that are found in files of this naming; the first is the one to write.
    """

    force: str
    point: str
    torque: tuple[str, ...]

    def identifiers(self) -> tuple[str, str, str]:
        """Give the prefixes by which OpenSim's ExternalForce finds force, point and torque columns.

        Raises
        ------
        ValueError
            The axis is not the last letter of the labels, so that OpenSim cannot find them by a prefix.
        """
        labels = (self.force, self.point, self.torque[0])
        if not all(label.endswith("{}") for label in labels):
            raise ValueError("OpenSim finds force columns by prefix only")
        return self.force[:-2], self.point[:-2], self.torque[0][:-2]


def _prefixed(right: str, left: str) -> dict[str, ForceColumns]:
    return {
        side: ForceColumns(f"{p}ground_force_v{{}}", f"{p}ground_force_p{{}}", (f"{p}ground_torque_{{}}",))
        for side, p in zip(SIDES, (right, left), strict=True)
    }


#: Namings of force columns, per foot. The first foot of 'opensim' and of 'numbered' is the right one.
FORCE_NAMINGS: Final[dict[str, dict[str, ForceColumns]]] = {
    "opensim": _prefixed("", "1_"),
    "opencap": _prefixed("R_", "L_"),
    "side_inside": {
        s: ForceColumns(
            f"ground_force_{s}_v{{}}",
            f"ground_force_{s}_p{{}}",
            (f"ground_torque_{s}_{{}}", f"ground_moment_{s}_m{{}}", f"ground_force_{s}_m{{}}"),
        )
        for s in SIDES
    },
    "side_last": {
        s: ForceColumns(f"ground_force_v{{}}_{s}", f"ground_force_p{{}}_{s}", (f"ground_torque_{{}}_{s}",))
        for s in SIDES
    },
    "numbered": {
        s: ForceColumns(f"force{n}_v{{}}", f"force{n}_p{{}}", (f"torque{n}_{{}}",))
        for s, n in zip(SIDES, (1, 2), strict=True)
    },
    # AddBiomechanics
    "foot_body": {
        s: ForceColumns(
            f"ground_force_{body}_v{{}}",
            f"ground_force_{body}_p{{}}",
            (f"ground_force_{body}_m{{}}", f"ground_torque_{body}_{{}}", f"ground_torque_{body}_v{{}}"),
        )
        for s, body in FOOT_BODIES.items()
    },
}
