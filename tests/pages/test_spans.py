"""Measured lengths of time are told in words."""

from __future__ import annotations

from datetime import timedelta

import pytest

from jobs.pages.tags import span


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 seconds"),
        (0.04, "0 seconds"),
        (0.42, "0.4 seconds"),
        (1, "1 second"),
        (9.96, "10 seconds"),
        (59.6, "1 minute"),
        (75, "1 minute 15 seconds"),
        (3600, "1 hour"),
        (7500, "2 hours 5 minutes"),
        (90061, "1 day 1 hour"),
    ],
)
def test_a_span_is_told_in_its_two_largest_units(seconds: float, words: str) -> None:
    assert span(timedelta(seconds=seconds)) == words


def test_without_a_span_the_given_word_stands() -> None:
    assert span(None, "none waits") == "none waits"
