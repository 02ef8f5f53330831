"""Records set aside until an operator has mended why they could not be taken over."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import CharField, Exists, Model, OuterRef, QuerySet
from django.db.models.functions import Cast

from channels.models import Channel
from oms.models import ParkedRecord, ParkedStatus

Row = TypeVar("Row", bound=Model)


def without_parked(rows: QuerySet[Row], channel: Channel, job_type: str) -> QuerySet[Row]:
    """What a push job may send of these rows: what the platform refused waits for a retry."""
    refused = ParkedRecord.objects.filter(
        channel=channel,
        type=job_type,
        status=ParkedStatus.PARKED,
        external_id=Cast(OuterRef("pk"), CharField()),
    )
    return rows.exclude(Exists(refused))


def park(
    channel: Channel,
    job_type: str,
    external_id: str,
    reason: str,
    payload: Mapping[str, Any],
    run_id: int,
    at: datetime,
) -> ParkedRecord:
    """Park a record, or bring the one parked for it up to date."""
    parked, _ = ParkedRecord.objects.update_or_create(
        channel=channel,
        type=job_type,
        external_id=external_id,
        status=ParkedStatus.PARKED,
        defaults={"reason": reason, "payload": dict(payload), "run_id": run_id, "parked_at": at},
        create_defaults={
            "account": channel.account,
            "reason": reason,
            "payload": dict(payload),
            "run_id": run_id,
            "parked_at": at,
        },
    )
    return parked


def kept_aside(channel: Channel, job_type: str, external_ids: Collection[str]) -> set[str]:
    """Those whose newest parked record is parked still, or was discarded."""
    if not external_ids:
        return set()
    found = ParkedRecord.objects.filter(
        channel=channel, type=job_type, external_id__in=external_ids
    )
    newest = dict(found.order_by("pk").values_list("external_id", "status"))
    return {one for one, status in newest.items() if status != ParkedStatus.RESOLVED}


def resolve(channel: Channel, job_type: str, external_ids: Collection[str], at: datetime) -> int:
    """These records were taken over after all."""
    if not external_ids:
        return 0
    parked = ParkedRecord.objects.filter(
        channel=channel, type=job_type, external_id__in=external_ids, status=ParkedStatus.PARKED
    )
    return parked.update(status=ParkedStatus.RESOLVED, ended_at=at)
