"""Networks on tensors; they know shapes, not gait."""
