"""The hip networks: beside numbers of the published files, beside another Mamba, and beside closed forms."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from gaitdynamics.inference.hip_published import read_hip_file
from gaitdynamics.networks.hip import HipConfig, make_hip_network
from gaitdynamics.networks.mamba import Mamba
from gaitdynamics.networks.selective_scan import in_two_levels, selective_scan, step_by_step

FILE = Path(__file__).parents[1] / "data" / "gait2hip_vectors.json"
VECTORS = json.loads(FILE.read_text(encoding="utf-8"))["vectors"]


def known_input() -> torch.Tensor:
    """Scaled input of the vectors."""
    b, t, c = np.meshgrid(np.arange(2), np.arange(180), np.arange(10), indexing="ij")
    return torch.from_numpy(np.sin(2 * np.pi * t / 180 + 0.7 * c + 0.4 * b).astype(np.float32))


@pytest.mark.parametrize("name", VECTORS)
def test_published_files_give_the_published_numbers(name, hip_files):
    vector = VECTORS[name]
    network = read_hip_file(hip_files / name).network
    assert sum(p.numel() for p in network.parameters()) == vector["params"]
    with torch.inference_mode():
        y = network(known_input()).double().numpy()
    for place, expected in vector["probe"].items():
        sequence, frame = place.removeprefix("b").split("_t")
        np.testing.assert_allclose(y[int(sequence), int(frame)], expected, atol=1e-4)
    assert y.mean() == pytest.approx(vector["mean"], abs=1e-4)
    assert y.std() == pytest.approx(vector["std"], abs=1e-4)
    assert np.abs(y).sum() == pytest.approx(vector["abs_sum"], rel=1e-5)


@pytest.mark.parametrize(("network", "count"), [("lstm", 205_582), ("transformer", 332_174), ("mamba", 236_430)])
def test_sizes_are_those_of_the_benchmark(network, count):
    assert sum(p.numel() for p in make_hip_network(HipConfig(network, 10, 14)).parameters()) == count


def test_mamba_is_that_of_mambapy_in_values_and_gradients():
    mambapy = pytest.importorskip("mambapy.mamba", reason="the extra [dev] is not installed")
    torch.manual_seed(1)
    ours = Mamba(32, states=8)
    theirs = mambapy.MambaBlock(mambapy.MambaConfig(d_model=32, n_layers=1, d_state=8))
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(3, 50, 32)
    results = []
    for block in (ours, theirs):
        entering = x.clone().requires_grad_()
        y = block(entering)
        (y * torch.linspace(-1, 2, 50)[:, None]).square().sum().backward()
        results.append([y, entering.grad, *(block.get_parameter(name).grad for name, _ in ours.named_parameters())])
    for mine, other in zip(*results, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-4, atol=1e-6 * float(other.detach().abs().max()))


def test_mamba_gives_the_same_whether_or_not_it_keeps_what_gradients_need():
    torch.manual_seed(2)
    block, x = Mamba(16, states=4), torch.randn(37, 11, 16)  # more sequences than are mapped at once without gradients
    with torch.no_grad():
        bare = block(x)
    torch.testing.assert_close(bare, block(x), rtol=0, atol=1e-6)


def test_an_untrained_mamba_begins_as_that_of_mambapy():
    mambapy = pytest.importorskip("mambapy.mamba", reason="the extra [dev] is not installed")
    ours, theirs = (make(64) for make in (Mamba, lambda width: mambapy.MambaBlock(mambapy.MambaConfig(width, 1))))
    torch.testing.assert_close(ours.A_log, theirs.A_log)
    for name, parameter in ours.named_parameters():
        other = theirs.get_parameter(name)
        assert parameter.shape == other.shape
        assert float(parameter.detach().std()) == pytest.approx(float(other.detach().std()), rel=0.3, abs=1e-6), name


def scan_input(frames: int, dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, ...]:
    torch.manual_seed(frames)
    x = torch.randn(2, frames, 5, dtype=dtype)
    dt = torch.rand(2, frames, 5, dtype=dtype)
    rate = -torch.rand(3, 5, dtype=dtype) * 2
    b, c = torch.randn(2, 2, frames, 3, dtype=dtype)
    return tuple(tensor.requires_grad_() for tensor in (x, dt, rate, b, c))


@pytest.mark.parametrize("frames", [1, 2, 7, 16, 17, 180])
def test_both_ways_of_scanning_agree_with_the_definition(frames):
    drive, dt, rate, b, c = scan_input(frames)
    state, expected = torch.zeros(2, 3, 5, dtype=torch.float64), []
    for t in range(frames):
        state = torch.exp(dt[:, t, None] * rate) * state + drive[:, t, None] * b[:, t, :, None]
        expected.append((state * c[:, t, :, None]).sum(1))
    reference = torch.stack(expected, dim=1)
    torch.testing.assert_close(step_by_step(drive, dt, rate, b, c), reference)
    torch.testing.assert_close(in_two_levels(drive, dt, rate, b, c), reference)


@pytest.mark.parametrize("scan", [step_by_step, in_two_levels])
@pytest.mark.parametrize("frames", [1, 6])
def test_gradients_are_those_of_finite_differences(scan, frames):
    assert torch.autograd.gradcheck(scan, scan_input(frames))


def test_a_constant_input_settles_where_it_must():
    """h = dt x / (1 - exp(dt a)) after long enough, with one state and b = c = 1."""
    ones = torch.ones(1, 400, 1, dtype=torch.float64)
    y = selective_scan(2.0 * ones, 0.1 * ones, torch.tensor([[-0.5]], dtype=torch.float64), ones, ones)
    assert float(y[0, -1, 0]) == pytest.approx(0.2 / (1 - np.exp(-0.05)), rel=1e-6)


@pytest.mark.parametrize("network", ["mamba", "lstm"])
def test_no_frame_depends_on_later_ones(network):
    torch.manual_seed(0)
    net = make_hip_network(HipConfig(network, 10, 3, width=16)).eval()
    x = torch.randn(1, 30, 10)
    changed = x.clone()
    changed[:, 20:] += 5.0
    with torch.inference_mode():
        torch.testing.assert_close(net(x)[:, :20], net(changed)[:, :20])
        assert not torch.allclose(net(x)[:, 20:], net(changed)[:, 20:])


def test_gradients_are_kept_out_of_inference():
    net = make_hip_network(HipConfig("mamba", 10, 3, width=16)).eval()
    x = torch.randn(2, 20, 10)
    with torch.inference_mode():
        quick = net(x)
    torch.testing.assert_close(quick, net(x).detach())


def test_a_transformer_has_places_for_500_frames():
    with pytest.raises(ValueError, match="501 frames"):
        make_hip_network(HipConfig("transformer", 10, 3, frames=501))
