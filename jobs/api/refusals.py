"""Which part of a larger body the engine refuses: its errors under the body's own names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobs.api.errors import api_names
from jobs.change import Change, Refused, put
from jobs.world import World


def refused_parts(
    world: World, whole: Change, group: str, parts: Mapping[str, Change]
) -> dict[str, Any]:
    """Errors of `whole` flat, those of `parts` as `{group: {part: {field: [sentences]}}}`."""
    inner = {name: found for name, part in parts.items() if (found := _errors(world, part))}
    return {**_errors(world, whole), **({group: inner} if inner else {})}


def _errors(world: World, change: Change) -> dict[str, Any]:
    try:
        put(world, change)
    except Refused as refused:
        return api_names(refused.errors)
    return {}
