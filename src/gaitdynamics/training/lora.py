"""Low-rank adapters (Hu et al. 2021, doi:10.48550/arXiv.2106.09685): W + (alpha / rank) B A, where W stays.

For little data: of an imported network only a few percent of the numbers are trained. Afterwards `merge` adds the
product to the weights, so that the result is a network like any other.
"""

from __future__ import annotations

import math
from typing import Final

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from torch.nn.utils import parametrize

#: Last parts of the names of the matrices that get adapters: input, attention in and out, feed-forward, in both
#: published networks. The noise level's maps, norms, biases and the last layer stay as they are.
ADAPTED: Final = (
    "input_projection.weight",
    "input_to_embedding.weight",
    "self_attn.in_proj_weight",
    "self_attn.out_proj.weight",
    "linear1.weight",
    "linear2.weight",
    "feed_forward.fc1.weight",
    "feed_forward.fc2.weight",
)


class Adapters(BaseModel):
    """Rank of the adapters, and the factor `alpha` / `rank` by which they count."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rank: int = Field(ge=1)
    alpha: float = Field(default=16.0, gt=0.0)


class LowRank(nn.Module):
    """Adds a product of two thin matrices to a weight (out, in); at first that product is zero."""

    def __init__(self, weight: Tensor, adapters: Adapters) -> None:
        super().__init__()
        wide_out, wide_in = weight.shape
        rank = min(adapters.rank, wide_out, wide_in)
        self.down = nn.Parameter(torch.empty(rank, wide_in))
        self.up = nn.Parameter(torch.zeros(wide_out, rank))
        self.scale = adapters.alpha / adapters.rank
        nn.init.kaiming_uniform_(self.down, a=math.sqrt(5.0))

    def forward(self, weight: Tensor) -> Tensor:
        """Give the adapted weight."""
        return weight + self.scale * (self.up @ self.down)


def adapt(network: nn.Module, adapters: Adapters) -> None:
    """Freeze a network, in place, and put adapters on its matrices (`ADAPTED`); only they are trained then."""
    network.requires_grad_(requires_grad=False)
    for name, parameter in list(network.named_parameters()):
        if name.endswith(ADAPTED):
            owner, _, attribute = name.rpartition(".")
            low_rank = LowRank(parameter, adapters).to(parameter)
            parametrize.register_parametrization(network.get_submodule(owner), attribute, low_rank)


def merge(network: nn.Module) -> None:
    """Add all adapters, if there are any, to the weights, in place; every parameter can be trained again."""
    for module in list(network.modules()):
        if isinstance(module, parametrize.ParametrizationList | LowRank) or not parametrize.is_parametrized(module):
            continue
        for attribute in list(module.parametrizations):  # type: ignore[arg-type]
            parametrize.remove_parametrizations(module, attribute, leave_parametrized=True)
    network.requires_grad_(requires_grad=True)
