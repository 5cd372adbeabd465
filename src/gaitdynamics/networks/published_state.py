"""Networks from published state dictionaries: what each key means, and which carry nothing.

Our networks carry the published parameter names, so that `load_state_dict` takes them once three things are done,
here:

* a prefix `module.`, left by distributed training, is taken off;
* `rotary.freqs` tables are left out: they follow from the width and are computed;
* `multihead_attn.*`, a cross-attention in each block of the denoiser that is never called, is left out.

The architecture is read from the shapes. Heads leave no trace there: the denoiser's are 64 channels wide in all
released networks, the refinement encoder has 8.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, TypeVar

from torch import Tensor, nn

from gaitdynamics.errors import UserInputError
from gaitdynamics.networks.denoiser import Denoiser, DenoiserConfig
from gaitdynamics.networks.groundlink import GroundLink
from gaitdynamics.networks.refinement_encoder import RefinementEncoder, RefinementEncoderConfig
from gaitdynamics.networks.sugai import Sugai

Network = TypeVar("Network", bound=nn.Module)

_HEAD_WIDTH: Final = 64
_WITHOUT_EFFECT: Final = re.compile(r"(^|\.)(rotary\.freqs$|multihead_attn\.)")
_DISTRIBUTED_PREFIX: Final = "module."


def effective_state(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Parameters of a published state dictionary that have an effect, without the distributed prefix."""
    plain = {name.removeprefix(_DISTRIBUTED_PREFIX): tensor for name, tensor in state.items()}
    return {name: tensor for name, tensor in plain.items() if not _WITHOUT_EFFECT.search(name)}


def denoiser_from_published_state(state: Mapping[str, Tensor]) -> Denoiser:
    """Denoiser of any width and depth, in evaluation mode.

    Raises
    ------
    UserInputError
        The dictionary is not that of a denoiser, or lacks parameters.
    """
    state = effective_state(state)
    width, channels = _matrix(state, "input_projection.weight").shape
    hidden = len(_matrix(state, "seqTransDecoder.stack.0.linear1.weight"))
    config = DenoiserConfig(
        channels=channels,
        width=width,
        blocks=_count(state, "seqTransDecoder.stack"),
        heads=width // _HEAD_WIDTH,
        feedforward=hidden,
    )
    return _load(Denoiser(config), state)


def refinement_encoder_from_published_state(state: Mapping[str, Tensor]) -> RefinementEncoder:
    """Refinement encoder, in evaluation mode.

    Raises
    ------
    UserInputError
        The dictionary is not that of a refinement encoder, or lacks parameters.
    """
    state = effective_state(state)
    width, channels_in = _matrix(state, "input_to_embedding.weight").shape
    config = RefinementEncoderConfig(
        channels_in=channels_in,
        channels_out=len(_matrix(state, "embedding_to_output.weight")),
        width=width,
        layers=_count(state, "encoder_layers"),
        feedforward=len(_matrix(state, "encoder_layers.0.feed_forward.fc1.weight")),
    )
    return _load(RefinementEncoder(config), state)


def groundlink_from_published_state(state: Mapping[str, Tensor]) -> GroundLink:
    """Convolutional baseline, in evaluation mode; raises `UserInputError` where parameters lack."""
    state = effective_state(state)
    channels_in = _matrix(state, "cnn_layers.1.weight").shape[1]
    return _load(GroundLink(channels_in, len(_matrix(state, "fc_layers.8.weight"))), state)


def sugai_from_published_state(state: Mapping[str, Tensor]) -> Sugai:
    """Recurrent baseline, in evaluation mode; raises `UserInputError` where parameters lack."""
    state = effective_state(state)
    channels_in = _matrix(state, "hidden1.weight_ih_l0").shape[1]
    return _load(Sugai(channels_in, len(_matrix(state, "output.weight"))), state)


def _matrix(state: Mapping[str, Tensor], name: str) -> Tensor:
    if name not in state:
        raise UserInputError(
            f"the weights have no parameter '{name}'",
            remedy="check that this is the state dictionary of the network asked for",
        )
    return state[name]


def _count(state: Mapping[str, Tensor], prefix: str) -> int:
    found = (re.match(rf"{re.escape(prefix)}\.(\d+)\.", name) for name in state)
    return len({match[1] for match in found if match})


def _load(network: Network, state: Mapping[str, Tensor]) -> Network:
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise UserInputError(
            f"the weights do not fit the network: {error}",
            remedy="check that the file is complete and of a released version",
        ) from error
    return network.eval()
