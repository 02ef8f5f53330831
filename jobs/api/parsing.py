"""JSON bodies, without what no column and no answer can hold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class Json(JSONParser):
    """Refuses numbers beyond any range, half characters and bottomless nesting at the door.

    Python's reader makes infinity of 1e999 and keeps lone surrogates; either would fail later,
    in a conversion or in the answer that quotes it.
    """

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            data = super().parse(stream, media_type, parser_context)
            json.dumps(data, ensure_ascii=False, allow_nan=False).encode()
        except (ValueError, RecursionError) as error:
            raise ParseError(
                "The body holds something that cannot be stored: a number out of range, half a "
                "character (a lone surrogate), or very deep nesting."
            ) from error
        return data
