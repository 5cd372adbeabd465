"""The scaling of model columns to a fixed range, one straight line per column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: The published networks work on columns between minus and plus this.
LIMIT: Final = 10.0


@dataclass(frozen=True)
class ColumnScaler:
    """scaled = column x scale + bias, per column.

    Zero on the scaled side is the middle of the training range, neither mean nor median. Nothing is clipped.

    Attributes
    ----------
    columns
        Names of the C columns.
    scale, bias
        C numbers each; `scale` [1/unit of the column] is finite and not zero.
    """

    columns: tuple[str, ...]
    scale: tuple[float, ...]
    bias: tuple[float, ...]

    def __post_init__(self) -> None:
        if not len(self.columns) == len(self.scale) == len(self.bias):
            raise ValueError("a scaler has one scale and one bias per column")
        if not np.isfinite([*self.scale, *self.bias]).all() or 0.0 in self.scale:
            raise ValueError("scales and biases must be finite, and scales not zero")

    @classmethod
    def fit(cls, columns: Sequence[str], values: Array, limit: float = LIMIT) -> Self:
        """Map the least and the greatest of each column to -limit and +limit.

        Parameters
        ----------
        columns
            Names (C,).
        values
            (N, C) training frames.
        limit
            Half of the scaled range.

        Returns
        -------
        ColumnScaler
            A column that does not vary is only shifted and keeps its unit, up to 2 x `limit`.
        """
        least, span = values.min(axis=0), np.ptp(values, axis=0)
        # Single precision is that of the published fit.
        span = np.where(span < 10.0 * np.finfo(np.float32).eps, 1.0, span)
        scale = 2.0 * limit / span
        bias = -limit - least * scale
        return cls(tuple(columns), tuple(map(float, scale)), tuple(map(float, bias)))

    def to_scaled(self, values: Array) -> Array:
        """Scale (..., C) columns."""
        return np.asarray(values * np.array(self.scale) + np.array(self.bias))

    def from_scaled(self, scaled: Array) -> Array:
        """Undo `to_scaled`."""
        return np.asarray((scaled - np.array(self.bias)) / np.array(self.scale))

    def select(self, indices: Sequence[int]) -> ColumnScaler:
        """Give the scaler of some of the columns, such as those that a network reads."""
        return ColumnScaler(
            tuple(self.columns[i] for i in indices),
            tuple(self.scale[i] for i in indices),
            tuple(self.bias[i] for i in indices),
        )

    def agrees_with(self, other: ColumnScaler, tolerance: float = 1e-5) -> bool:
        """Tell whether another scaler gives the same, so that two networks can share scaled columns.

        `tolerance` is relative to the scale, and absolute, in scaled units, for the bias.
        """
        return (
            self.columns == other.columns
            and np.allclose(self.scale, other.scale, rtol=tolerance, atol=0.0)
            and np.allclose(self.bias, other.bias, rtol=tolerance, atol=tolerance)
        )

    def to_json(self) -> dict[str, list[str] | list[float]]:
        """Give what JSON can hold; numbers come back exactly."""
        return {"columns": list(self.columns), "scale": list(self.scale), "bias": list(self.bias)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Undo `to_json`.

        Raises
        ------
        ValueError
            A part is absent or the numbers are not usable.
        """
        try:
            columns, scale, bias = (document[key] for key in ("columns", "scale", "bias"))
            return cls(tuple(map(str, columns)), tuple(map(float, scale)), tuple(map(float, bias)))
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a column scaler: {error}") from None
