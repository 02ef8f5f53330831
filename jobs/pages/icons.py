"""The icons of the lucide package, each drawn once: it would build the SVG anew at each use."""

from __future__ import annotations

from functools import lru_cache

from django import template
from django.utils.safestring import SafeString
from lucide.templatetags import lucide as library

register = template.Library()
KINDS = 1000
"""More than there are: most icons are used in one size, with one set of attributes."""


@register.simple_tag
def lucide(name: str, *, size: int | None = 24, **attributes: str) -> SafeString:
    """The tag of the same name of the package, and what it answers."""
    return _drawn(name, size, **attributes)


@lru_cache(KINDS)
def _drawn(name: str, size: int | None, **attributes: str) -> SafeString:
    return SafeString(library.lucide(name, size=size, **attributes))
