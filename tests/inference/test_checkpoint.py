import json
import pickle

import pytest
import torch

from gaitdynamics.errors import FileFormatError, UserInputError
from gaitdynamics.features.refiner_schema import COLUMNS
from gaitdynamics.inference.checkpoint import (
    DEFAULT_WEIGHTS,
    MODEL_FILE,
    WEIGHTS_FILE,
    RefinerDescription,
    load_refiner,
    packaged_weights,
    save_refiner,
)
from gaitdynamics.networks.refiner import Refiner, RefinerConfig


@pytest.fixture
def saved(tmp_path):
    torch.manual_seed(3)
    network = Refiner(RefinerConfig(len(COLUMNS), 3, width=8, dilations=(1,)))
    torch.nn.init.normal_(network.members[0].leave.weight)
    folder = tmp_path / "mine"
    save_refiner(folder, network, RefinerDescription(name="mine", description="", architecture=network.config))
    return folder, network


def test_round_trip(saved):
    folder, network = saved
    loaded, description = load_refiner(folder)
    assert not loaded.training
    assert description.architecture == network.config
    for name, tensor in network.state_dict().items():
        torch.testing.assert_close(loaded.state_dict()[name], tensor, rtol=0, atol=0)


def test_the_packaged_weights_load():
    assert DEFAULT_WEIGHTS in packaged_weights()
    network, description = load_refiner()
    assert description.name == DEFAULT_WEIGHTS
    assert sum(p.numel() for p in network.parameters()) < 5_000_000


def test_damaged_weights_are_refused(saved):
    folder, _ = saved
    data = bytearray((folder / WEIGHTS_FILE).read_bytes())
    data[-1] ^= 1
    (folder / WEIGHTS_FILE).write_bytes(data)
    with pytest.raises(FileFormatError, match="SHA-256"):
        load_refiner(folder)


@pytest.mark.parametrize("change", [{"schema_name": "other"}, {"columns": ["a"]}])
def test_another_schema_is_refused(saved, change):
    folder, _ = saved
    content = json.loads((folder / MODEL_FILE).read_text())
    (folder / MODEL_FILE).write_text(json.dumps(content | change))
    with pytest.raises(FileFormatError, match="made for features"):
        load_refiner(folder)


def test_a_pickle_in_place_of_weights_is_never_run(saved):
    folder, _ = saved

    class Bomb:
        def __reduce__(self):
            return (pytest.fail, ("unpickled",))

    payload = pickle.dumps(Bomb())
    (folder / WEIGHTS_FILE).write_bytes(payload)
    with pytest.raises(FileFormatError):
        load_refiner(folder)
    # Even when the checksum has been made to fit.
    import hashlib

    content = json.loads((folder / MODEL_FILE).read_text())
    content["weights_sha256"] = hashlib.sha256(payload).hexdigest()
    (folder / MODEL_FILE).write_text(json.dumps(content))
    with pytest.raises(FileFormatError, match="architecture"):
        load_refiner(folder)


def test_unknown_name_lists_what_there_is():
    with pytest.raises(UserInputError, match=DEFAULT_WEIGHTS):
        load_refiner("no-such-weights")


def test_missing_half_is_named(saved):
    folder, _ = saved
    (folder / WEIGHTS_FILE).unlink()
    with pytest.raises(FileFormatError, match=WEIGHTS_FILE):
        load_refiner(folder)
