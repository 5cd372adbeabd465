"""Diffusion sampling on tensors; samplers know a network only as `f(x, t) -> x0`."""
