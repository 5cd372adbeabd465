"""The skeleton: kinematics and dynamics of a model, batched and differentiable in torch."""
