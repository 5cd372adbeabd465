"""Setup of OpenSim's Inverse Dynamics tool (`.xml`), so that its window and its scripts compute the same."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

from gaitdynamics.errors import FileFormatError
from gaitdynamics.files.atomic import write_text
from gaitdynamics.files.xml_documents import Document, read_object, text_of

_MODEL_HINT = " Run OpenSim from the folder of this file: model_file is looked up where it was started. "


@dataclass(frozen=True)
class InverseDynamicsSetup:
    """What the tool is told.

    Files are paths as far as they are set; `time_range` in s; `cutoff` in Hz, None for no filter.
    """

    model_file: Path | None
    coordinates_file: Path | None
    external_loads_file: Path | None
    time_range: tuple[float, float]
    cutoff: float | None
    forces_to_exclude: tuple[str, ...]
    results_directory: Path
    output_file: str


def write_inverse_dynamics_setup(
    path: str | Path,
    *,
    model_file: str,
    coordinates_file: str,
    external_loads_file: str,
    time_range: tuple[float, float],
    cutoff: float = 6.0,
    output_file: str = "inverse_dynamics.sto",
    results_directory: str = ".",
) -> None:
    """Write the setup, atomically.

    Muscles are left out of the dynamics (their passive forces would otherwise be subtracted).

    Parameters
    ----------
    path
        The `.xml` file.
    coordinates_file, external_loads_file, results_directory
        Names relative to the folder of `path`, which is how OpenSim (4.6) resolves them.
    model_file
        OpenSim resolves this one against the folder in which it was started: a name relative to the folder of
        `path` works when the tool is run from there, or in the window of OpenSim with the model opened; an
        absolute path always works until files are moved.
    time_range
        First and last time [s].
    cutoff
        Cutoff frequency of the low-pass filter on the coordinates [Hz]; zero or less for none.
    output_file
        Name of the file of joint moments, inside `results_directory`.

    Raises
    ------
    ValueError
        The time range is empty.
    FileFormatError
        The place cannot be written.
    """
    if not time_range[0] < time_range[1]:
        raise ValueError("the time range is empty")
    document = Document("InverseDynamicsTool", "inverse_dynamics")
    document.element.append(ET.Comment(_MODEL_HINT))
    for tag, value in (
        ("results_directory", results_directory),
        ("model_file", model_file),
        ("time_range", f"{float(time_range[0])!r} {float(time_range[1])!r}"),
        ("forces_to_exclude", "Muscles"),
        ("external_loads_file", external_loads_file),
        ("coordinates_file", coordinates_file),
        ("lowpass_cutoff_frequency_for_coordinates", repr(float(cutoff) if cutoff > 0 else -1.0)),
        ("output_gen_force_file", output_file),
    ):
        ET.SubElement(document.element, tag).text = value
    write_text(path, document.text())


def read_inverse_dynamics_setup(path: str | Path) -> InverseDynamicsSetup:
    """Read a setup; names of files are resolved against its folder, but need not exist.

    Raises
    ------
    FileFormatError
        The file is missing, is something else, or holds a number that is none.
    """
    path = Path(path)
    element = read_object(path, "InverseDynamicsTool")

    def file(tag: str) -> Path | None:
        name = text_of(element, tag)
        return None if name in ("", "Unassigned") else path.parent / name.replace("\\", "/")

    def numbers(tag: str, default: str, count: int) -> list[float]:
        text = text_of(element, tag) or default
        try:
            values = [float(part) for part in text.split()]
        except ValueError:
            values = []
        if len(values) != count:
            raise FileFormatError(f"<{tag}> should hold {count} number(s), not '{text}'", file=path)
        return values

    first, last = numbers("time_range", "-inf inf", 2)
    (cutoff,) = numbers("lowpass_cutoff_frequency_for_coordinates", "-1", 1)
    return InverseDynamicsSetup(
        file("model_file"),
        file("coordinates_file"),
        file("external_loads_file"),
        (first, last),
        cutoff if cutoff > 0 else None,
        tuple(text_of(element, "forces_to_exclude").split()),
        file("results_directory") or path.parent,
        text_of(element, "output_gen_force_file") or "inverse_dynamics.sto",
    )
