"""The recurrence of a selective state space (S6; Gu & Dao 2023, doi:10.48550/arXiv.2312.00752, algorithm 2).

With the state h of N numbers per channel, h_t = exp(dt_t a) h_{t-1} + dt_t b_t x_t and y_t = c_t h_t. It is computed in
one of two ways that give the same: step by step, which keeps the state in the processor's cache, or by a scan in two
levels, whose few large operations suit an accelerator. Both have gradients of their own; saved for them is h alone.
"""

from __future__ import annotations

import math
from typing import Any, Final

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn import functional

#: Powers of two take half the time of powers of e, which are most of the work.
_LOG2_E: Final = math.log2(math.e)


def selective_scan(x: Tensor, dt: Tensor, a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """Run the recurrence from a state of zero.

    Parameters
    ----------
    x, dt
        (B, T, D) input, and time steps, all positive.
    a
        (D, N) rates, all negative.
    b, c
        (B, T, N) how the input enters the state, and how the state shows.

    Returns
    -------
    Tensor
        (B, T, D).
    """
    # Channels come last, so that every operation runs along adjacent numbers.
    scan = step_by_step if x.device.type == "cpu" else in_two_levels
    return scan(dt * x, dt, a.t().contiguous(), b, c)


def step_by_step(drive: Tensor, dt: Tensor, rate: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """Scan one frame after the other.

    Parameters
    ----------
    drive, dt
        (B, T, D); `drive` is dt x.
    rate
        (N, D).
    b, c
        (B, T, N).

    Returns
    -------
    Tensor
        (B, T, D).
    """
    result: Tensor = _Stepwise.apply(drive, dt, rate, b, c)  # type: ignore[no-untyped-call]
    return result


def in_two_levels(drive: Tensor, dt: Tensor, rate: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """Scan all frames in about 2 sqrt(T) steps; as `step_by_step`."""
    decay = torch.exp(dt[:, :, None, :] * rate)
    states: Tensor = _Recurrence.apply(decay, drive[:, :, None, :] * b[..., None])  # type: ignore[no-untyped-call]
    return torch.einsum("btn,btnd->btd", c, states)


class _Stepwise(Function):
    @staticmethod
    def forward(ctx: Any, drive: Tensor, dt: Tensor, rate: Tensor, b: Tensor, c: Tensor) -> Tensor:
        rate_of_2 = rate * _LOG2_E
        if not any(ctx.needs_input_grad):
            return _last_state_only(drive, dt, rate_of_2, b, c)
        batch, frames, channels = drive.shape
        states = drive.new_empty((frames, batch, len(rate), channels))
        decay = drive.new_empty(states.shape[1:])
        y = torch.empty_like(drive)
        state = torch.zeros_like(decay)
        for t, following in enumerate(states):
            torch.mul(dt[:, t, None, :], rate_of_2, out=decay).exp2_()
            torch.mul(decay, state, out=following).addcmul_(drive[:, t, None, :], b[:, t, :, None])
            state = following
            y[:, t] = torch.bmm(c[:, t, None, :], state)[:, 0]
        ctx.save_for_backward(drive, dt, rate, b, c, states)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_y: Tensor) -> tuple[Tensor, ...]:
        drive, dt, rate, b, c, states = ctx.saved_tensors
        rate_of_2 = rate * _LOG2_E
        grad_drive, grad_dt = torch.empty_like(drive), torch.zeros_like(dt)
        grad_b, grad_c = torch.empty_like(b), torch.empty_like(c)
        grad = torch.zeros_like(states[0])  # of the state
        decay, through_decay = torch.empty_like(grad), torch.empty_like(grad)
        grad_rate = torch.zeros_like(grad)
        for t in reversed(range(len(states))):
            grad.addcmul_(grad_y[:, t, None, :], c[:, t, :, None])
            grad_c[:, t] = torch.bmm(states[t], grad_y[:, t, :, None])[..., 0]
            grad_b[:, t] = torch.bmm(grad, drive[:, t, :, None])[..., 0]
            grad_drive[:, t] = torch.bmm(b[:, t, None, :], grad)[:, 0]
            if t == 0:
                break
            torch.mul(dt[:, t, None, :], rate_of_2, out=decay).exp2_()
            grad.mul_(decay)
            torch.mul(grad, states[t - 1], out=through_decay)
            grad_rate.addcmul_(through_decay, dt[:, t, None, :])
            grad_dt[:, t] = through_decay.mul_(rate).sum(1)
        return grad_drive, grad_dt, grad_rate.sum(0), grad_b, grad_c


def _last_state_only(drive: Tensor, dt: Tensor, rate_of_2: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """Scan where no gradient is asked for: one state, changed in place, so that less memory is touched."""
    state = drive.new_zeros(len(drive), len(rate_of_2), drive.shape[-1])
    decay = torch.empty_like(state)
    frames = (dt[:, :, None].unbind(1), drive[:, :, None].unbind(1), b[..., None].unbind(1), c[:, :, None].unbind(1))
    y = []
    for step, entering, into, out_of in zip(*frames, strict=True):
        torch.mul(step, rate_of_2, out=decay).exp2_()
        state.mul_(decay).addcmul_(entering, into)
        y.append(torch.bmm(out_of, state))
    return torch.cat(y, dim=1)


class _Recurrence(Function):
    """h_t = decay_t h_{t-1} + input_t over axis 1."""

    @staticmethod
    def forward(ctx: Any, decay: Tensor, entering: Tensor) -> Tensor:
        states = _scan(decay, entering)
        ctx.save_for_backward(decay, states)
        return states

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_states: Tensor) -> tuple[Tensor, Tensor]:
        decay, states = ctx.saved_tensors
        # The gradient obeys the same recurrence, backward in time, with the decay of the frame after.
        following = torch.cat([decay[:, 1:], torch.ones_like(decay[:, :1])], dim=1)
        grad = _scan(following.flip(1), grad_states.flip(1)).flip(1)
        before = torch.cat([torch.zeros_like(states[:, :1]), states[:, :-1]], dim=1)
        return grad * before, grad


def _scan(decay: Tensor, entering: Tensor) -> Tensor:
    """Scan (B, T, ...) in pieces of about sqrt(T) frames: all pieces at once, then one after the other."""
    frames = decay.shape[1]
    length = math.isqrt(frames - 1) + 1
    pieces = -(-frames // length)
    pad = (0, 0) * (decay.ndim - 2) + (0, pieces * length - frames)
    # Padding copies, and what follows works in place.
    shape = (len(decay), pieces, length, *decay.shape[2:])
    product = functional.pad(decay, pad, value=1.0).reshape(shape).clone()
    state = functional.pad(entering, pad).reshape(shape).clone()
    for i in range(1, length):
        state[:, :, i].addcmul_(product[:, :, i], state[:, :, i - 1])
        product[:, :, i].mul_(product[:, :, i - 1])
    for k in range(1, pieces):
        state[:, k].addcmul_(product[:, k], state[:, k - 1, -1:])
    scanned: Tensor = state.flatten(1, 2)[:, :frames]
    return scanned
