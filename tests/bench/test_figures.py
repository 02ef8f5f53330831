"""The benchmarks' table: ratios, bars and verdicts."""

from __future__ import annotations

import pytest

from bench.figures import Bar, Figure, number, quantile, span, table


def test_a_ratio_says_how_many_times_better() -> None:
    late = Figure("late", "ms", [10, 20], against="plain", baseline=[100, 100])
    rate = Figure("rate", "a second", [100], against="plain", baseline=[50], more_is_better=True)

    assert late.ratios == [10, 5]
    assert rate.ratios == [2]


@pytest.mark.parametrize(
    ("bar", "baseline", "verdict"),
    [
        (Bar(most=10), [], "yes"),
        (Bar(most=9), [], "**no**"),
        (Bar(most=10, times=5), [50], "yes"),
        (Bar(most=10, times=5), [49], "**no**"),
        (Bar(most=10, times=5), [], "**no**"),
        (None, [50], ""),
    ],
)
def test_a_bar_is_met_or_not(bar: Bar | None, baseline: list[float], verdict: str) -> None:
    assert Figure("late", "ms", [10], bar, "plain", baseline).row()[-1] == verdict


def test_what_was_not_measured_meets_no_bar() -> None:
    assert Figure("late", "ms", [], Bar(most=10)).row()[1:] == [
        "not measured",
        "",
        "",
        "≤ 10 ms",
        "",
    ]


def test_a_baseline_that_was_cut_short_is_a_bound() -> None:
    row = Figure("late", "ms", [10], None, "beat", [30_000], at_least=True).row()

    assert row[2:4] == ["beat: ≥ 30,000", "≥ 3,000"]


def test_the_table_is_markdown_with_a_row_for_each_figure() -> None:
    lines = table([Figure("late", "ms", [3, 1, 2]), Figure("rate", "a second", [7])]).splitlines()

    assert lines[0] == "| figure | ours | baseline | ratio | bar | met |"
    assert lines[2] == "| late | 2 [1..3] ms |  |  |  |  |"
    assert len(lines) == 4
    assert table([]) == ""


def test_the_median_stands_before_the_spread() -> None:
    assert span([5.0, 1.0, 3.0]) == "3 [1..5]"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (12345.6, "12,346"), (99.44, "99.4"), (1.5, "1.5"), (0.0123, "0.0123")],
)
def test_numbers_have_three_digits(value: float, text: str) -> None:
    assert number(value) == text


def test_a_quantile_is_one_of_the_values() -> None:
    assert quantile(range(1, 101), 0.99) == 99
    assert quantile([7], 0.5) == 7
