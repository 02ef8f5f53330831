"""JSONPath (RFC 9535) as operators enter it: where a delivery's body names its topic and record.

Only names, positions, slices and wildcards are taken. Filters and `..` are refused: they cost more
than one look at each value of the body, and whoever sends a delivery decides how large it is.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from jsonpath import JSONPath, JSONPathEnvironment
from jsonpath.exceptions import JSONPathError
from jsonpath.segments import JSONPathChildSegment
from jsonpath.selectors import IndexSelector, NameSelector, SliceSelector, WildcardSelector

LONGEST_PATH = 200
_PLAIN = (IndexSelector, NameSelector, SliceSelector, WildcardSelector)
_ENVIRONMENT = JSONPathEnvironment(strict=True)


class BadPath(ValueError):
    """Not a path that is taken here; the text says what is."""


@lru_cache(maxsize=1024)
def compiled(path: str) -> JSONPath:
    """The path, ready to be asked; raises `BadPath`."""
    if len(path) > LONGEST_PATH:
        raise BadPath(f"A path must have at most {LONGEST_PATH} characters.")
    try:
        found = _ENVIRONMENT.compile(path)
    except (JSONPathError, ValueError, RecursionError) as error:
        raise BadPath(
            "This is not a JSONPath. It begins with $, for example $.data.id or $.data[*].id."
        ) from error
    if not isinstance(found, JSONPath) or not all(map(_is_plain, found.segments)):
        raise BadPath(
            "Filters (?) and .. are not taken. Write each step, for example $.data[*].id."
        )
    return found


def values(path: str, document: Any) -> list[Any]:
    """Everything the path leads to in a document, in its order; raises `BadPath`.

    In a text there is nothing: the library would read it as JSON once more.
    """
    found = compiled(path)
    return found.findall(document) if isinstance(document, list | dict) else []


def _is_plain(segment: Any) -> bool:
    return isinstance(segment, JSONPathChildSegment) and all(
        isinstance(selector, _PLAIN) for selector in segment.selectors
    )
