"""Tables in Markdown, and numbers as they are written in them."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Shown:
    """A column of a page: its name in the tables, heading, and digits behind the point."""

    name: str
    heading: str
    digits: int


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Lay out a Markdown table; `|` and line breaks inside cells are made harmless."""
    lines = [head, ["---"] * len(head), *rows]
    cells = [[" ".join(str(cell).replace("|", "\\|").split()) for cell in line] for line in lines]
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)


def number(value: float, digits: int) -> str:
    """Write a number; '-' for NaN."""
    return "-" if math.isnan(value) else f"{value:.{digits}f}"


def mean_sd(row: Mapping[Hashable, Any], column: Shown) -> str:
    """Write '<name>_mean' and '<name>_sd' of a row as mean +- SD, without the SD where it is NaN."""
    mean, sd = row[f"{column.name}_mean"], row[f"{column.name}_sd"]
    spread = "" if math.isnan(mean) or math.isnan(sd) else f" \N{PLUS-MINUS SIGN} {sd:.{column.digits}f}"
    return number(mean, column.digits) + spread
