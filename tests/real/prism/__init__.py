"""Prism, which answers as a published API description says and refuses what it does not allow."""

from tests.real.prism.description import shipengine
from tests.real.prism.server import Prism

__all__ = ["Prism", "shipengine"]
