"""The lists of sales and fulfillment channels, and which platform supports what."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse

from channels.connectors.base import Capability
from channels.connectors.registry import CONNECTORS
from channels.enums import TRAITS, JobType, Kind
from jobs.pages.here import Here, page
from jobs.pages.standing import standings
from jobs.plan import follows_mode
from jobs.world import load_world
from oms.registry import LOGIC


@page()
def sales_channels(here: Here) -> HttpResponse:
    return _list(here, Kind.SALES)


@page()
def fulfillment_channels(here: Here) -> HttpResponse:
    return _list(here, Kind.FULFILLMENT)


def _list(here: Here, kind: Kind) -> HttpResponse:
    channels = here.account.channels.present().filter(kind=kind)
    lines = standings(load_world(here.account, channels), here.at)
    return here.render("jobs/channels.html", {"kind": kind, "lines": lines})


@dataclass(frozen=True)
class Support:
    """How one connector does one job type; `known` None where it does not."""

    known: Capability | None

    @property
    def follows_mode(self) -> bool:
        return self.known is not None and follows_mode(self.known.type, self.known)


@page()
def supported(here: Here) -> HttpResponse:
    """Which platform supports what, drawn from what the connectors state."""
    tables = [(kind, _types(kind), _rows(kind)) for kind in Kind]
    return here.render("jobs/supported.html", {"tables": tables})


def _types(kind: Kind) -> list[JobType]:
    return [job_type for job_type in LOGIC if kind in TRAITS[job_type].kinds]


def _rows(kind: Kind) -> list[tuple[str, list[Support]]]:
    return [
        (connector.label, [Support(connector.capability(job_type)) for job_type in _types(kind)])
        for connector in CONNECTORS.values()
        if connector.kind == kind
    ]
