"""A cluster that does not answer. In a module of its own, for a process that is connected already asks nobody."""

from __future__ import annotations

import pytest

from gaitdynamics.engines.ray_cluster import RayEngine
from gaitdynamics.errors import UserInputError
from made_up_work import square


def test_a_cluster_that_is_not_there_is_told_at_once() -> None:
    pytest.importorskip("ray")
    for address in ("127.0.0.1:1", "ray://127.0.0.1:1"):
        with pytest.raises(UserInputError, match=rf"cluster at {address} cannot be reached[\s\S]*--engine local"):
            list(RayEngine(address=address).run(square, [(1, 1)]))
