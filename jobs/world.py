"""An account with everything its plans depend on, loaded in a handful of queries.

A world can be changed in memory and asked again: that is how a preview is made.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import timedelta

from django.db.models import Q

from accounts.models import Account
from channels.connectors.base import Capability
from channels.connectors.registry import CONNECTORS
from channels.enums import JobType, Kind, Mode, Track
from channels.models import Channel, WebhookMapping
from jobs.models import Job, StableJob
from jobs.plan import Facts, Plan, StableRow, is_offered, make_plan
from jobs.spread import spread_of
from jobs.timetable import Grid
from oms.registry import LOGIC

NO_STABLE_ROW = StableRow(enabled=False, period=None, delay=None)


@dataclass
class World:
    """`jobs` by (channel id, type); `mappings` and `channels` by id; `stable` by type."""

    account: Account
    channels: dict[int, Channel]
    jobs: dict[tuple[int, str], Job]
    stable: dict[str, StableJob]
    mappings: dict[int, WebhookMapping]
    _mapped: dict[int, set[str]] | None = field(default=None, repr=False)

    def copy(self) -> World:
        """Deep enough that fields of its objects can be set without touching this world."""
        return replace(
            self,
            account=copy(self.account),
            channels={key: copy(channel) for key, channel in self.channels.items()},
            jobs={key: copy(job) for key, job in self.jobs.items()},
            stable={key: copy(row) for key, row in self.stable.items()},
            mappings={key: copy(mapping) for key, mapping in self.mappings.items()},
            _mapped=None,
        )

    def mapped_types(self, channel_id: int) -> set[str]:
        """Job types that at least one switched-on mapping of the channel starts."""
        if self._mapped is None:
            self._mapped = defaultdict(set)
            for mapping in self.mappings.values():
                if mapping.enabled:
                    self._mapped[mapping.channel_id].add(mapping.type)
        return self._mapped.get(channel_id, set())

    def plan(self, job: Job) -> Plan:
        return make_plan(self.facts(job))

    def facts(self, job: Job) -> Facts:
        channel, job_type = self.channels[job.channel_id], JobType(job.type)
        stable = self.stable.get(job_type)
        return Facts(
            type=job_type,
            capability=capability(channel, job_type),
            mode=Mode(channel.mode),
            track=Track(channel.track),
            channel_enabled=channel.enabled and channel.deleted_at is None,
            deleted=channel.deleted_at is not None,
            account_enabled=self.account.enabled,
            offered=self.offers(channel, job_type),
            mapping_on=job_type in self.mapped_types(channel.pk),
            webhook_delay=job.webhook_delay_minutes,
            emergency_period=job.emergency_period_minutes,
            main_period=job.main_period_minutes,
            delay=job.delay_minutes,
            stable=StableRow(stable.enabled, stable.period_minutes, stable.delay_minutes)
            if stable
            else NO_STABLE_ROW,
        )

    def offers(self, channel: Channel, job_type: JobType) -> bool:
        return is_offered(
            job_type,
            self.account.master_product_source,
            is_master=channel.pk == self.account.master_product_channel_id,
            kind=Kind(channel.kind),
        )

    def grid(self, plan: Plan) -> Grid | None:
        """The grid of a plan's slots; None where it has none."""
        if plan.period is None:
            return None
        return Grid(plan.period, plan.offset, self.account.timezone)

    def spread(self, job: Job, plan: Plan) -> timedelta:
        """By how long the job's runs start after its slots."""
        return spread_of(job.pk, self.account.spread_minutes, plan.period)


def capability(channel: Channel, job_type: JobType) -> Capability | None:
    """What the channel's connector says of a type whose logic exists.

    A channel whose connector is gone from the program can do nothing; its settings are kept.
    """
    known = CONNECTORS.get(channel.connector)
    return known.capability(job_type) if known and job_type in LOGIC else None


def proposed_topics(channel: Channel) -> list[tuple[str, JobType]]:
    """The topics that the channel's connector would map, each to a job type whose logic exists."""
    known = CONNECTORS.get(channel.connector)
    return [(topic, kind) for topic, kind in known.topics() if kind in LOGIC] if known else []


def load_world(
    account: Account, channels: Iterable[Channel] | None = None, *, lock: bool = False
) -> World:
    """The account with these of its channels, by default all that are not deleted.

    `lock`: the jobs' rows are locked, in the order of their keys.
    """
    chosen = list(account.channels.present() if channels is None else channels)
    ids = [channel.pk for channel in chosen]
    for channel in chosen:
        channel.account = account
    jobs = Job.objects.filter(channel_id__in=ids).order_by("pk")
    if lock:
        jobs = jobs.select_for_update(no_key=True)
    return World(
        account=account,
        channels={channel.pk: channel for channel in chosen},
        jobs={(job.channel_id, job.type): job for job in jobs},
        stable={row.type: row for row in account.stable_jobs.all()},
        mappings={row.pk: row for row in WebhookMapping.objects.filter(channel_id__in=ids)},
    )


READ_OF_JOBS = (
    "channel_id", "type", "webhook_delay_minutes", "emergency_period_minutes",
    "main_period_minutes", "delay_minutes", "next_slot_at", "emergency_state", "proven_until",
    "heard_at", "last_success_at", "from_account",
)  # fmt: skip
"""What plans are made of, and what is told of many jobs at once."""


def read_world(
    account: Account, wanted: Q | None = None, present: Iterable[Channel] | None = None
) -> World:
    """The account with the jobs that fit, by default all: for pages that only read.

    The jobs carry the columns of `READ_OF_JOBS`, each other one costs a query; instead of
    mappings it knows the mapped types alone. `present`: all its channels, where they are at hand.
    """
    if present is None:
        present = account.channels.present()
    channels = {channel.pk: channel for channel in present}
    for channel in channels.values():
        channel.account = account
    jobs = Job.objects.filter(wanted or Q(), channel__account=account, channel__deleted_at=None)
    mapped: dict[int, set[str]] = defaultdict(set)
    switched_on = WebhookMapping.objects.filter(channel__account=account, enabled=True)
    for channel_id, job_type in switched_on.order_by().values_list("channel_id", "type").distinct():
        mapped[channel_id].add(job_type)
    return World(
        account=account,
        channels=channels,
        jobs={(job.channel_id, job.type): job for job in jobs.only(*READ_OF_JOBS)},
        stable={row.type: row for row in account.stable_jobs.all()},
        mappings={},
        _mapped=mapped,
    )
