"""OpenSim's own StaticOptimization, run through its AnalyzeTool: the oracle of muscle forces."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gaitdynamics.body.opensim_muscles import load_opensim
from gaitdynamics.files.external_loads import write_external_loads
from gaitdynamics.files.forces import write_forces
from gaitdynamics.files.storage import Table, read_storage
from gaitdynamics.tasks.moments import CUTOFF
from gaitdynamics.trial import FootForces, Trial

#: Actuators at the pelvis, the trunk and the arms: strong, so that they cost nothing.
_STRONG = 1000.0
_LEG = ("hip", "knee", "ankle", "subtalar", "mtp")


def opensim_static_optimisation(
    trial: Trial,
    forces: FootForces,
    folder: Path,
    *,
    span: tuple[float, float],
    step: int,
    cutoff: float = CUTOFF,
    reserve: float = 1.0,
) -> tuple[list[int], Table]:
    """Solve every `step`-th frame of a time `span` [s].

    Forces in the model that are no muscles are turned off; each free coordinate gets an actuator,
    `<coordinate>_reserve`.

    Returns
    -------
    frames
        Of the trial.
    table
        Forces of muscles [N] and reserves [N.m].
    """
    opensim = load_opensim("the oracle")
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    write_forces(folder / "grf.mot", forces)
    write_external_loads(folder / "loads.xml", datafile="grf.mot")
    model = opensim.Model(str(trial.provenance["model_path"]))
    driven = {coupler.dependent for coupler in trial.subject.model.couplers}
    held = model.getCoordinateSet()
    free = [
        held.get(i).getName()
        for i in range(held.getSize())
        if held.get(i).getName() not in driven and not held.get(i).getDefaultLocked()
    ]
    others = model.updForceSet()
    for i in range(others.getSize()):
        if opensim.Muscle.safeDownCast(others.get(i)) is None:
            others.get(i).set_appliesForce(False)
    model.finalizeConnections()
    model.printToXML(str(folder / "model.osim"))
    reserves = opensim.ForceSet()
    for name in free:
        actuator = opensim.CoordinateActuator(name)
        actuator.setName(f"{name}_reserve")
        actuator.setOptimalForce(reserve if name.startswith(_LEG) else _STRONG)
        actuator.setMinControl(-np.inf)
        actuator.setMaxControl(np.inf)
        reserves.cloneAndAppend(actuator)
    reserves.printToXML(str(folder / "reserves.xml"))
    tool = opensim.AnalyzeTool()
    tool.setName("oracle")
    tool.setModelFilename(str(folder / "model.osim"))
    added = opensim.ArrayStr()
    added.append(str(folder / "reserves.xml"))
    tool.setForceSetFiles(added)
    tool.setReplaceForceSet(False)
    tool.setCoordinatesFileName(str(trial.provenance["motion_path"]))
    tool.setLowpassCutoffFrequency(cutoff)
    tool.setExternalLoadsFileName(str(folder / "loads.xml"))
    tool.setInitialTime(span[0])
    tool.setFinalTime(span[1])
    tool.setResultsDir(str(folder))
    analysis = opensim.StaticOptimization()
    analysis.setName("so")
    analysis.setStartTime(span[0])
    analysis.setEndTime(span[1])
    analysis.setStepInterval(step)
    analysis.setUseModelForceSet(True)
    analysis.setActivationExponent(2)
    analysis.setUseMusclePhysiology(True)
    tool.updAnalysisSet().cloneAndAppend(analysis)
    tool.printToXML(str(folder / "setup.xml"))
    # The tool keeps pointers into what it was built from; one read from the file owns everything.
    assert opensim.AnalyzeTool(str(folder / "setup.xml")).run()
    table = read_storage(folder / "oracle_so_force.sto", uniform=False)
    return [int(np.argmin(np.abs(trial.time - time))) for time in table.time], table
