"""JSONPath as operators may enter it."""

from __future__ import annotations

import pytest

from channels.connectors import json_paths

BODY = {"a": {"b-c": [1, 2, 3]}, "x y": "z", "n": None}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$.a['b-c'][0]", [1]),
        ("$.a['b-c'][-1]", [3]),
        ("$.a['b-c'][*]", [1, 2, 3]),
        ("$.a['b-c'][0:2]", [1, 2]),
        ("$['x y']", ["z"]),
        ("$.n", [None]),
        ("$.missing.deep", []),
        ("$", [BODY]),
    ],
)
def test_a_path_leads_to_its_values(path: str, found: list[object]) -> None:
    assert json_paths.values(path, BODY) == found


@pytest.mark.parametrize(
    "path", ["", "a", "a.b", " $.a", "$.", "$[", "$.a | $.n", "$.~", "$" + "[" * 5000]
)
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(json_paths.BadPath, match=r"JSONPath|characters"):
        json_paths.compiled(path)


@pytest.mark.parametrize("path", ["$..a", "$[?@.a]", "$[?match(@.a, '(a+)+b')]", "$.a[?@ > 1]"])
def test_what_could_cost_more_than_one_look_at_each_value_is_refused(path: str) -> None:
    with pytest.raises(json_paths.BadPath, match="Filters"):
        json_paths.compiled(path)


@pytest.mark.parametrize("document", ["{", '{"a": 1}', "[1]", "", 5, None, True])
def test_a_document_that_is_no_object_or_list_holds_nothing(document: object) -> None:
    """A text is not read as JSON once more."""
    assert json_paths.values("$.a", document) == json_paths.values("$[0]", document) == []
