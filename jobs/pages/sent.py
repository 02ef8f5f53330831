"""What a form sent: a field that was not sent stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

Data = Mapping[str, Any]
SHOWN = "shown"
"""Names the checkboxes a form showed: a browser sends nothing for one that is not ticked."""


def was_sent(data: Data, name: str) -> bool:
    return name in data or (isinstance(data, QueryDict) and name in data.getlist(SHOWN))


def completed(data: Data, initial: Mapping[str, Any]) -> dict[str, Any]:
    """What was sent, and the stored value of every field that was not."""
    stored = {name: "" if value is None else value for name, value in initial.items()}
    sent = {name: data.get(name, False) for name in initial if was_sent(data, name)}
    return {**stored, **sent}
