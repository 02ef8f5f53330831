"""Asking again for many parked records at once: one run for each job that they belong to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User
from channels.models import Channel
from jobs.control import NotNow, ready_job
from jobs.dispatch import Request, request_run
from jobs.models import Job, Run
from jobs.overlap import Sort, Trigger
from oms.models import ParkedRecord, ParkedStatus, sku_key


@dataclass
class Replay:
    """What was started. `records`: how many are asked for; `refused`: why others are not."""

    runs: list[Run] = field(default_factory=list)
    records: int = 0
    refused: list[str] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        if not self.records and not self.refused:
            return "Nothing is parked here that could be asked for again."
        plural = "record is" if self.records == 1 else "records are"
        asked = [f"{self.records} parked {plural} asked for again."] if self.records else []
        return " ".join([*asked, *self.refused])


def retry_all(
    records: QuerySet[ParkedRecord], at: datetime, actor: User | None = None, reason: str = ""
) -> Replay:
    """Ask for every one of these that is still parked, by one run for each job.

    What cannot run now (a disabled channel) is told in `refused`; the others go on.
    """
    still = records.filter(status=ParkedStatus.PARKED).order_by("pk")
    names = still.values_list("channel_id", "type", "external_id")
    return _retry_each(names, at, actor, reason)


def _retry_each(
    names: Iterable[tuple[int, str, str]], at: datetime, actor: User | None, reason: str
) -> Replay:
    """Of records named by (channel id, job type, external id)."""
    asked: dict[tuple[int, str], list[str]] = {}
    for channel_id, job_type, external_id in names:
        asked.setdefault((channel_id, job_type), []).append(external_id)
    jobs = Job.objects.with_channel().filter(channel__in={channel for channel, _ in asked})
    known = {(job.channel_id, job.type): job for job in jobs}
    done = Replay()
    for key, external_ids in asked.items():
        try:
            run = _retry(known.get(key), external_ids, at, actor, reason)
        except NotNow as refusal:
            done.refused.append(_refusal(known.get(key), refusal))
            continue
        done.runs.append(run)
        done.records += len(external_ids)
    return done


def _retry(
    job: Job | None, external_ids: list[str], at: datetime, actor: User | None, reason: str
) -> Run:
    if job is None:
        raise NotNow("The channel no longer does this job.")
    with transaction.atomic():
        request = Request(
            ready_job(job.pk),
            Trigger.RETRY,
            Sort.ENTITY,
            not_before=at,
            reason=reason or "retry of parked records",
            entities=tuple(external_ids),
            actor_id=actor.pk if actor else None,
        )
        ticket = request_run(request, at)
    if ticket.run is None:
        raise NotNow("A run of this job is under way.")
    return ticket.run


def _refusal(job: Job | None, refusal: NotNow) -> str:
    return f"{job.channel}, {job.get_type_display()}: {refusal}" if job else str(refusal)


def retry_waiting_for(
    channel: Channel, skus: Collection[str], at: datetime, actor: User | None = None
) -> Replay:
    """Ask again for the channel's parked records whose payload names one of these SKUs."""
    keys = {sku_key(sku) for sku in skus}
    parked = ParkedRecord.objects.filter(channel=channel, status=ParkedStatus.PARKED)
    rows = parked.order_by("pk").values_list("type", "external_id", "payload").iterator()
    waiting = [
        (channel.pk, job_type, external_id)
        for job_type, external_id, payload in rows
        if keys & set(skus_in(payload))
    ]
    reason = "retry of parked records after a change of SKU mappings"
    return _retry_each(waiting, at, actor, reason)


def skus_in(value: Any) -> Iterator[str]:
    """The keys of all SKUs that a payload names, however deep."""
    if isinstance(value, Mapping):
        if isinstance(sku := value.get("sku"), str):
            yield sku_key(sku)
        for inner in value.values():
            yield from skus_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from skus_in(inner)
