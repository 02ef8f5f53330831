"""What senders may think of: JSON that no column takes, bodies that are none, changed bytes."""

from __future__ import annotations

import json
import os
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

EXAMPLES = int(os.environ.get("OMSAUTO_FUZZ_EXAMPLES", "20"))
"""Of each fuzz test; many thousands make a long run."""


def fuzzed(share: float = 1.0) -> settings:
    """So much of the examples; a test of which there are many takes a smaller share."""
    return settings(
        max_examples=max(int(EXAMPLES * share), 1),
        deadline=None,
        # The database of a test is one for all its examples: they are as good as a sequence.
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
            HealthCheck.filter_too_much,
        ],
    )


NASTY_TEXTS = (
    *("", " ", "\x00", "a\x00b", "\ud800", "\udfff\ud800", "\u202e", "\U0001f600", "\r\nX: y"),
    *("x" * 5000, "9" * 5000, "-1", "1e999", "1001", "../../x", "'; --", "%s%n", "null"),
)
texts = st.text(max_size=20) | st.sampled_from(NASTY_TEXTS)
numbers = st.one_of(
    st.integers(),
    st.floats(),
    st.sampled_from([2**31, 2**63, -(2**63), 10**40, 10**4000, 0, -1, 1.5, 1e308]),
)
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)
ODD_BODIES = [
    b"",
    b"{",
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b'{"id": 1, "id": [], "type": "a", "type": "b"}',
    b'{"id": NaN, "type": "a", "data": {"id": Infinity}}',
    b'{"id": ' + b"9" * 6000 + b"}",
    b'{"id": "' + b"9" * 6000 + b'"}',
    b'{"type": "\\u0000", "data": {"id": "\\ud800"}}',
    b"\xff\xfe\x00",
    '{"id": "ä"}'.encode("utf-16"),
    b"\xef\xbb\xbf{}",
    b"\x1f\x8b\x08\x00garbage",
    b'"{"',
    b'"{\\"type\\": \\"a\\", \\"data\\": {\\"id\\": \\"1\\"}}"',
    b"webhook_id=15",
    b"x" * 1_048_577,
]


def written(value: object) -> bytes:
    """As JSON, with what Python writes beside it: NaN, Infinity, escaped half characters."""
    try:
        return json.dumps(value).encode()
    except (ValueError, RecursionError):
        return repr(value).encode("utf-8", "replace")  # a number too long to be written


def put(document: Any, path: tuple[str, ...], value: object) -> Any:
    """A copy of a document with a value somewhere inside."""
    if not path or not isinstance(document, dict):
        return value
    first, *rest = path
    return {**document, first: put(document.get(first), tuple(rest), value)}


def paths(document: Any) -> list[tuple[str, ...]]:
    """Every place in the objects of a document."""
    if not isinstance(document, dict):
        return [()]
    return [(), *((name, *rest) for name in document for rest in paths(document[name]))]


def bodies(sample: bytes) -> st.SearchStrategy[bytes]:
    """Around a good body: its places filled with anything, and what is no such body at all."""
    document = json.loads(sample)
    changed = st.builds(put, st.just(document), st.sampled_from(paths(document)), values)
    return st.one_of(
        changed.map(written),
        values.map(written),
        st.binary(max_size=80),
        st.sampled_from(ODD_BODIES),
    )


@st.composite
def one_byte_changed(draw: st.DrawFn, good: bytes, alphabet: bytes | None = None) -> bytes:
    """The same with one byte replaced, put in or left out."""
    at = draw(st.integers(0, len(good) - 1))
    byte = st.sampled_from([bytes([one]) for one in alphabet or range(256)])
    how = draw(st.sampled_from(["replace", "insert", "delete"]))
    piece = b"" if how == "delete" else draw(byte)
    return good[:at] + piece + good[at + (how != "insert") :]
