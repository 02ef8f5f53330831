"""What an operator types to find events."""

from __future__ import annotations

import pytest

from jobs.event_query import MOST_TERMS, EventQuery, parse


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", EventQuery()),
        ("mug", EventQuery(words=("mug",))),
        ('"two words" more', EventQuery(words=("two words", "more"))),
        ("topic:orders/create", EventQuery(topics=("orders/create",))),
        ("TOPIC:orders id:1001", EventQuery(topics=("orders",), ids=("1001",))),
        ('id:"a b" delivery:d-1', EventQuery(ids=("a b",), deliveries=("d-1",))),
        ("http://example.com", EventQuery(words=("http://example.com",))),
        ('"not closed', EventQuery(words=("not closed",))),
        ("id: 7", EventQuery(words=("id:", "7"))),
        ("a\x00b", EventQuery(words=("ab",))),
    ],
)
def test_words_and_prefixes_are_told_apart(text: str, meant: EventQuery) -> None:
    assert parse(text) == meant


def test_no_more_terms_are_taken_than_one_answer_can_bear() -> None:
    assert len(parse("x " * 50).words) == MOST_TERMS


def test_only_words_and_topics_need_a_scan() -> None:
    assert parse("mug").scans
    assert parse("topic:x").scans
    assert not parse("id:1 delivery:2").scans
    assert not parse("")
