"""Time zones an account may have."""

from functools import cache
from zoneinfo import available_timezones


@cache
def zone_names() -> tuple[str, ...]:
    """Every IANA zone that names a place, sorted, with UTC first."""
    names = (name for name in available_timezones() if "/" in name and name[:3] != "Etc")
    return ("UTC", *sorted(names))


def is_zone(name: str) -> bool:
    """Is this an IANA zone (aliases without a slash, such as Japan, included)?"""
    return name in available_zones()


@cache
def available_zones() -> frozenset[str]:
    return frozenset(available_timezones())
