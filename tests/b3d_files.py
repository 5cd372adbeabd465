"""Made-up .b3d files, message by message, with whatever a file of others may hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gaitdynamics.files.b3d_messages import HEADER, PROCESSING_FRAME, SENSOR_FRAME, new_message
from gaitdynamics.trial import Trial

EXAMPLE = Path(__file__).parents[1] / "examples" / "walking"

FEET = ("calcn_r", "calcn_l")


class MadeUpFile:
    """A file of one person whose header and frames can be changed before they are put together."""

    def __init__(self, trial: Trial, bodies: tuple[str, ...] = FEET) -> None:
        self.source = trial
        self.header: Any = new_message(HEADER)
        self.header.version = 4
        self.header.num_dofs = len(trial.coordinates)
        self.header.mass_kg, self.header.height_m = trial.subject.mass_kg, 1.72
        self.header.ground_contact_body.extend(body.encode() for body in bodies)
        self.header.passes.add(model_osim_text=(EXAMPLE / "subject.osim").read_bytes())
        self.frames: list[list[bytes]] = []

    def add(self, name: str, frames: int, *, passes: int = 1, plates: int = 2, reasons: list[int] | None = None) -> Any:
        """Add the first frames of the trial; each number tells the pass, the foot or the plate that it is of."""
        head = self.header.trial_header.add(
            name=name.encode(), trial_length=frames, trial_timestep=0.01, num_force_plates=plates
        )
        head.missing_grf_reason.extend([0] * frames if reasons is None else reasons)
        for kind in range(passes):
            head.processing_pass_header.add(type=kind)
        bodies = len(self.header.ground_contact_body)
        of_trial = []
        for t in range(frames):
            sensor = new_message(SENSOR_FRAME)
            for plate in range(plates):
                sensor.raw_force_plate_cop.extend([0.1 * (plate + 1), 0.0, 0.01 * t])
                sensor.raw_force_plate_force.extend([0.0, 100.0, 0.0])
                sensor.raw_force_plate_torque.extend([0.0, 0.0, 0.0])
            messages = [sensor.SerializeToString()]
            for kind in range(passes):
                frame = new_message(PROCESSING_FRAME)
                frame.pos.extend((self.source.values[t] + 1e-3 * kind).tolist())
                for body in range(bodies):
                    frame.ground_contact_force.extend([1.0, 300.0 + 10.0 * body, t])
                    frame.ground_contact_center_of_pressure.extend([body, 0.0, 0.01 * t])
                    frame.ground_contact_torque.extend([0.0, body + 1.0, 0.0])
                messages.append(frame.SerializeToString())
            of_trial.append(b"".join(messages))
        self.header.raw_sensor_frame_size = len(messages[0])
        self.header.processing_pass_frame_size = len(messages[1]) if passes else 0
        self.frames.append(of_trial)
        return head

    def content(self) -> bytes:
        head = self.header.SerializeToString()
        return len(head).to_bytes(8, "little") + head + b"".join(b"".join(frames) for frames in self.frames)

    def write(self, path: Path) -> Path:
        path.write_bytes(self.content())
        return path
