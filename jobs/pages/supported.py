"""Which platform supports what, drawn from what the connectors state."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse

from channels.connectors.base import Capability, Connector
from channels.connectors.registry import CONNECTORS
from channels.enums import MAIN_PERIODS, TRAITS, JobType, Kind
from jobs.pages import words
from jobs.pages.here import Here, page
from jobs.plan import say
from oms.registry import LOGIC


@dataclass(frozen=True)
class Support:
    """How one connector does one job type; `known` None where it does not."""

    type: JobType
    known: Capability | None

    @property
    def periods(self) -> str:
        """The periods it may run at, where they are not all that omsauto has."""
        if self.known is None or self.known.periods == MAIN_PERIODS:
            return ""
        return f"{say(min(self.known.periods))} to {say(max(self.known.periods))}"


@dataclass(frozen=True)
class Platform:
    """One connector's row of a list."""

    id: str
    label: str
    support: list[Support]

    @property
    def by_webhook(self) -> list[Capability]:
        """What a webhook can start."""
        return [cell.known for cell in self.support if cell.known and cell.known.webhook]


@dataclass(frozen=True)
class Listing:
    """The connectors of one kind of channel; `types` with what each does, in words."""

    kind: Kind
    types: list[tuple[JobType, str]]
    platforms: list[Platform]


@page()
def supported(here: Here) -> HttpResponse:
    """Two lists, one for each kind of channel."""
    return here.render("jobs/supported.html", {"listings": [_listing(kind) for kind in Kind]})


def _listing(kind: Kind) -> Listing:
    types = [job_type for job_type in LOGIC if kind in TRAITS[job_type].kinds]
    return Listing(
        kind,
        [(job_type, words.DOES[job_type]) for job_type in types],
        [_platform(made, types) for made in CONNECTORS.values() if made.kind == kind],
    )


def _platform(connector: type[Connector], types: list[JobType]) -> Platform:
    return Platform(
        connector.id,
        connector.label,
        [Support(job_type, connector.capability(job_type)) for job_type in types],
    )
