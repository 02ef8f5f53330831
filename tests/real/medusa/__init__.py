"""A real Medusa for the tests: installed from npm, on a database of its own, used like a shop."""

from tests.real.medusa.server import Medusa
from tests.real.medusa.shop import Shop

__all__ = ["Medusa", "Shop"]
