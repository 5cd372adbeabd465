"""Engines: the same results from each, a reason where there is none, and no harm by processes that are lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gaitdynamics.engines import ray_cluster
from gaitdynamics.engines.choice import choose_engine
from gaitdynamics.engines.engine import Engine, Failure
from gaitdynamics.engines.local import LocalEngine
from gaitdynamics.engines.ray_cluster import RayEngine
from gaitdynamics.errors import MissingExtraError, UserInputError
from made_up_work import die_on_seven, die_once, slowly, square, where


@pytest.fixture(scope="module")
def ray_here() -> Iterator[RayEngine]:
    """Start Ray once for all tests of this module."""
    ray = pytest.importorskip("ray")
    paths = os.pathsep.join(path for path in sys.path if path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", paths)
        ray.init(
            address="local",
            num_cpus=2,
            include_dashboard=False,
            object_store_memory=100 * 2**20,
            log_to_driver=False,
            logging_level="ERROR",
        )
        try:
            yield RayEngine(2, memory=2**28)
        finally:
            ray.shutdown()


@pytest.fixture(params=["in this process", "two processes", "ray"])
def engine(request: pytest.FixtureRequest) -> Engine:
    if request.param == "ray":
        return request.getfixturevalue("ray_here")
    return LocalEngine(1 if request.param == "in this process" else 2)


@pytest.fixture(params=["two processes", "ray"])
def engine_of_processes(request: pytest.FixtureRequest) -> Engine:
    return request.getfixturevalue("ray_here") if request.param == "ray" else LocalEngine(2)


def numbered(count: int) -> Iterator[tuple[str, int]]:
    return ((f"item {number}", number) for number in range(count))


def test_every_item_has_its_result_or_a_reason(engine: Engine) -> None:
    found = list(engine.run(square, numbered(12)))
    assert len(found) == 12
    results = dict(found)
    failures = {key: result for key, result in results.items() if isinstance(result, Failure)}
    assert {key: r for key, r in results.items() if key not in failures} == {
        f"item {n}": n**2 for n in range(12) if n not in (3, 4, 5, 6)
    }
    assert {key: (f.kind, f.reason) for key, f in failures.items()} == {
        "item 3": ("input", "three is none"),
        "item 4": ("error", "ZeroDivisionError: nobody foresaw this"),
        "item 5": ("lost", "memory ran out"),
        "item 6": ("input", "Squaring six needs the package 'six': pip install 'gaitdynamics[numbers]'"),
    }
    assert "made_up_work.py" in failures["item 4"].detail


def test_nothing_to_do_is_done(engine: Engine) -> None:
    assert list(engine.run(square, iter([]))) == []


def test_items_are_taken_as_fast_as_they_are_worked_on(engine: Engine) -> None:
    taken = 0

    def endless() -> Iterator[tuple[int, int]]:
        nonlocal taken
        while True:
            taken += 1
            yield taken, 2

    results = engine.run(square, endless())
    for given in range(1, 20):
        next(results)
        # Two processes with one item each, one that waits for each.
        assert taken <= given + 4
    results.close()


def test_work_is_done_elsewhere_and_processes_are_kept(engine_of_processes: Engine) -> None:
    processes = {process for _, process in engine_of_processes.run(where, numbered(12))}
    assert os.getpid() not in processes
    assert len(processes) <= 2


def test_a_lost_process_loses_nothing(engine_of_processes: Engine, tmp_path: Path) -> None:
    found = dict(engine_of_processes.run(die_once, ((n, (n, tmp_path)) for n in range(4))))
    assert found == {n: n for n in range(4)}


def test_an_item_that_always_ends_its_process_is_told_of(engine_of_processes: Engine) -> None:
    found = dict(engine_of_processes.run(die_on_seven, ((n, n) for n in range(6, 10))))
    lost = found.pop(7)
    assert isinstance(lost, Failure)
    assert lost.kind == "lost"
    assert found == {6: 6, 8: 8, 9: 9}


def test_stopping_early_begins_no_more(engine_of_processes: Engine, tmp_path: Path) -> None:
    results = engine_of_processes.run(slowly, ((n, (n, tmp_path)) for n in range(100)))
    next(results)
    results.close()
    begun = len(list(tmp_path.iterdir()))
    assert begun < 10
    time.sleep(0.5)
    # What was in flight may have begun, no more.
    assert len(list(tmp_path.iterdir())) <= 6


DRIVER = """
import signal
from pathlib import Path
from gaitdynamics.engines.local import LocalEngine
from made_up_work import slowly
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in what a shell runs in the background
    for _ in LocalEngine(2).run(slowly, ((n, (n, Path({folder!r}))) for n in range(1000))):
        pass
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_processes_end_with_the_one_that_started_them(tmp_path: Path, end: signal.Signals) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    script = tmp_path / "driver.py"
    script.write_text(DRIVER.format(folder=str(marks)))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    driver = subprocess.Popen([sys.executable, script], env=environment, stderr=subprocess.DEVNULL)
    wait_until(lambda: len({mark.suffix for mark in marks.iterdir()}) == 2)
    processes = {int(mark.suffix[1:]) for mark in marks.iterdir()}
    driver.send_signal(end)
    assert driver.wait(120) != 0
    wait_until(lambda: not any(Path(f"/proc/{process}").exists() for process in processes))


def wait_until(condition: Callable[[], bool], seconds: float = 120.0) -> None:
    for _ in range(int(seconds / 0.05)):
        if condition():
            return
        time.sleep(0.05)
    pytest.fail("it did not come to pass")


def test_an_engine_is_chosen_by_name() -> None:
    assert choose_engine("local", 3) == LocalEngine(3)
    assert choose_engine().workers >= 1
    with pytest.raises(UserInputError, match="0 workers"):
        choose_engine("local", 0)
    with pytest.raises(UserInputError, match="no address"):
        choose_engine("local", 2, "ray://somewhere:10001")


def test_without_ray_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"gaitdynamics\[distributed\]"):
        choose_engine("ray")
    with pytest.raises(MissingExtraError):
        ray_cluster.load_ray()
