"""Figures of several rounds, what they are held against, and the table they make."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Bar:
    """What is asked of a figure: at most, at least, and so many times better than the baseline."""

    most: float = math.inf
    least: float = -math.inf
    times: float = 0.0

    def met(self, value: float, ratio: float | None) -> bool:
        enough = not self.times or (ratio is not None and ratio >= self.times)
        return self.least <= value <= self.most and enough

    def said(self, unit: str) -> str:
        parts = []
        if self.most < math.inf:
            parts.append(f"≤ {number(self.most)} {unit}")
        if self.least > -math.inf:
            parts.append(f"≥ {number(self.least)} {unit}")
        if self.times:
            parts.append(f"{number(self.times)} times")
        return ", ".join(parts)


@dataclass(frozen=True)
class Figure:
    """One row of the table: a value a round, beside that of a baseline in the same round.

    `at_least` says that the baseline was cut short: its true value is worse.
    """

    name: str
    unit: str
    values: Sequence[float]
    bar: Bar | None = None
    against: str = ""
    baseline: Sequence[float] = ()
    more_is_better: bool = False
    at_least: bool = False

    @property
    def ratios(self) -> list[float]:
        """How many times better than the baseline, round by round."""
        pairs = [(o, b) for o, b in zip(self.values, self.baseline, strict=False) if o and b]
        return [o / b if self.more_is_better else b / o for o, b in pairs]

    def row(self) -> list[str]:
        ratios, bound = self.ratios, "≥ " if self.at_least else ""
        beside = f"{self.against}: {bound}{span(self.baseline)}" if self.baseline else self.against
        return [
            self.name,
            f"{span(self.values)} {self.unit}" if self.values else "not measured",
            beside,
            f"{bound}{span(ratios)}" if ratios else "",
            self.bar.said(self.unit) if self.bar else "",
            self._verdict(median(ratios) if ratios else None),
        ]

    def _verdict(self, ratio: float | None) -> str:
        if self.bar is None or not self.values:
            return ""
        return "yes" if self.bar.met(median(self.values), ratio) else "**no**"


@dataclass
class Part:
    """What a benchmark found: rows of the table, and sentences below it."""

    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


HEAD = ("figure", "ours", "baseline", "ratio", "bar", "met")


def table(figures: Iterable[Figure]) -> str:
    """Markdown; empty without figures."""
    rows = [figure.row() for figure in figures]
    if not rows:
        return ""
    lines = [HEAD, ["---"] * len(HEAD), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    return ordered[len(ordered) // 2]


def quantile(values: Iterable[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[max(math.ceil(len(ordered) * share) - 1, 0)]


def span(values: Sequence[float]) -> str:
    """ "median [least..most]" of several rounds."""
    if len(values) == 1:
        return number(values[0])
    return f"{number(median(values))} [{number(min(values))}..{number(max(values))}]"


def number(value: float) -> str:
    """Three digits are as many as two runs share."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    digits = max(2 - math.floor(math.log10(abs(value))), 0)
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
