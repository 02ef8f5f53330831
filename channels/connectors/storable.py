"""Text that a database can keep: what JSON may hold and PostgreSQL does not is replaced.

JSON writes half characters (lone surrogates) and NUL as escapes; no text column takes either. In
the name of a buyer they are a blemish, which must not stop the order.
"""

from __future__ import annotations

import re
from typing import Any

_SUSPECT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])|\xed[\xa0-\xbf]|\x00")
"""In raw JSON, whatever may come to be a half character or NUL; whole pairs look like it too."""


def plain(text: str) -> str:
    """The text, with a question mark for each half character and NUL."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.encode("utf-8", "replace").decode().replace("\x00", "?")


def cleaned(value: Any, raw: bytes) -> Any:
    """A document as it was read from `raw`, its texts and names plain; looked at only if need be.

    Raises `ValueError` where it is nested too deeply to be looked at.
    """
    if not _SUSPECT.search(raw):
        return value
    try:
        return _clean(value)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, list):
        return [_clean(one) for one in value]
    if isinstance(value, dict):
        return {plain(name): _clean(one) for name, one in value.items()}
    return value
