"""Preparation on a real Ray cluster of two nodes, and on this machine: ended by force in the middle, and gone on with.

A worker is killed, then the driver. What comes out when the same is run again is, byte for byte, the store of a run
that nobody disturbed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gaitdynamics.dataset import Catalogue, store_parts
from gaitdynamics.dataset.store_building import build_store
from gaitdynamics.training.stored_columns import column_recipe
from gaitdynamics.trial import Trial
from made_up_work import Slowed
from walking_with_forces import with_forces, write_folder

pytest.importorskip("pyarrow")

TRIALS = 12

DRIVER = """
import sys
from dataclasses import replace
from pathlib import Path
from gaitdynamics.dataset import Catalogue, store_parts
from gaitdynamics.dataset.store_building import build_store
from gaitdynamics.engines.local import LocalEngine
from gaitdynamics.engines.ray_cluster import RayEngine
from gaitdynamics.training.stored_columns import column_recipe
from made_up_work import Slowed

if __name__ == "__main__":
    data, store, marks, address, seconds = sys.argv[1:]
    store_parts.TRIALS_PER_PART = 1
    recipe = column_recipe("paper")
    recipe = replace(recipe, describe=Slowed(recipe.describe, Path(marks), float(seconds)))
    engine = RayEngine(address=address, memory=2**28) if address else LocalEngine(2)
    build_store(store, recipe, Catalogue.read(data).records, engine=engine, shard_rows=500)
"""


@pytest.fixture(scope="module")
def folder(example_trial: Trial, tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [(f"Study{k % 2}", f"s{k % 3}", f"walk{k}", "train", "walking") for k in range(TRIALS)]
    return write_folder(tmp_path_factory.mktemp("data"), with_forces(example_trial, 160), sorted(rows))


@pytest.fixture(scope="module")
def undisturbed(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the store in this process, without any engine or interruption."""
    place = tmp_path_factory.mktemp("stores") / "undisturbed"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store_parts, "TRIALS_PER_PART", 1)
        store, _ = build_store(place, column_recipe("paper"), Catalogue.read(folder).records, shard_rows=500)
    assert len(store.description.shards) > 1
    return place


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "OMP_NUM_THREADS": "1"}


@pytest.fixture(params=["two processes", "two nodes of Ray"])
def address(request: pytest.FixtureRequest, environment: dict[str, str]) -> Iterator[str]:
    if request.param == "two processes":
        yield ""
        return
    pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "memory": 2**29, "object_store_memory": 80 * 2**20, "include_dashboard": False}
    with pytest.MonkeyPatch.context() as patch:
        for name in ("PYTHONPATH", "OMP_NUM_THREADS"):
            patch.setenv(name, environment[name])
        cluster = Cluster(initialize_head=True, head_node_args=node)
        try:
            cluster.add_node(**node)
            cluster.wait_for_nodes()
            yield cluster.address
        finally:
            cluster.shutdown()


def test_killed_and_gone_on_with_it_is_the_same_store(
    folder: Path,
    undisturbed: Path,
    address: str,
    environment: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    marks, store, parts = tmp_path / "marks", tmp_path / "store", tmp_path / ".store.parts"
    marks.mkdir()
    (tmp_path / "driver.py").write_text(DRIVER)
    command = [sys.executable, tmp_path / "driver.py", folder, store, marks, address]

    def finished() -> set[str]:
        return {path.name for path in parts.glob("*.npz")}

    driver = subprocess.Popen([*command, "0.6"], env=environment)
    wait_until(lambda: len(processes(marks)) == 2 and len(finished()) >= 1, driver)
    victim = sorted(processes(marks))[0]
    os.kill(victim, signal.SIGKILL)
    before = len(finished())
    wait_until(lambda: len(finished()) >= before + 3 and len(processes(marks)) >= 3, driver)
    driver.kill()
    driver.wait()
    if address:
        assert len({mark.name.split(".")[2] for mark in marks.iterdir()}) == 2  # below two nodes
    kept = finished()
    assert not store.exists()
    assert 0 < len(kept) < TRIALS
    begun = tried(marks)

    if address:
        subprocess.run([*command, "0"], env=environment, check=True)
    else:  # any engine goes on with what another one left
        monkeypatch.setattr(store_parts, "TRIALS_PER_PART", 1)
        recipe = column_recipe("paper")
        recipe = replace(recipe, describe=Slowed(recipe.describe, marks, 0.0))
        build_store(store, recipe, Catalogue.read(folder).records, shard_rows=500)
    again = tried(marks) - begun
    assert sum(again.values()) <= TRIALS - len(kept)  # what was there was not done again
    assert set(tried(marks)) == {f"walk{k}" for k in range(TRIALS)}
    names = sorted(str(path.relative_to(store)) for path in store.rglob("*") if path.is_file())
    assert names == sorted(str(path.relative_to(undisturbed)) for path in undisturbed.rglob("*") if path.is_file())
    for name in names:
        assert (store / name).read_bytes() == (undisturbed / name).read_bytes(), name
    assert not parts.exists()


def processes(marks: Path) -> set[int]:
    return {int(mark.name.split(".")[1]) for mark in marks.iterdir()}


def tried(marks: Path) -> Counter[str]:
    return Counter(mark.name.split(".")[0] for mark in marks.iterdir())


def wait_until(condition: Callable[[], bool], driver: subprocess.Popen[bytes], seconds: float = 240.0) -> None:
    for _ in range(int(seconds / 0.05)):
        if condition():
            return
        assert driver.poll() is None, "the driver ended before it was killed"
        time.sleep(0.05)
    pytest.fail("it did not come to pass")
