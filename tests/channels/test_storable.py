"""What JSON may hold and no database keeps becomes a question mark, and nothing else changes."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.connectors import http
from channels.connectors.tryton import wire

WHOLE = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))
DOCUMENTS = st.recursive(
    st.none() | st.integers() | WHOLE,
    lambda inner: st.lists(inner) | st.dictionaries(WHOLE, inner),
    max_leaves=10,
)


def read(content: bytes) -> Any:
    answer = httpx.Response(200, content=content, request=httpx.Request("GET", "https://a.example"))
    return http.json_of(answer)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (rb'{"name": "a\u0000b"}', {"name": "a?b"}),
        (rb'{"name": "\ud83d"}', {"name": "?"}),
        (rb'{"\uDFFF": ["\ud800x", 1, null]}', {"?": ["?x", 1, None]}),
        (b'{"name": "\xed\xa0\x80"}', {"name": "?"}),
        (rb'{"name": "\ud83d\ude00"}', {"name": "\U0001f600"}),
        ('{"name": "ä"}'.encode("utf-16"), {"name": "ä"}),
    ],
)
def test_half_characters_and_nul(content: bytes, found: object) -> None:
    assert read(content) == found
    if not content.startswith(b"\xff"):
        assert wire.loads(content) == found


@given(DOCUMENTS)
def test_everything_else_is_read_as_it_is(document: object) -> None:
    for ascii_only in (True, False):
        content = json.dumps(document, ensure_ascii=ascii_only).encode()
        assert read(content) == document
