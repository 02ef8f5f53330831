"""A new account made after the pattern of another: its settings, not its records or secrets."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.models import Account, HistoryEntry, Membership, Role, User
from channels.models import Channel, WebhookMapping
from jobs import configure
from jobs.change import JOB_FIELDS, STABLE_FIELDS
from jobs.models import Job, StableJob

ACCOUNT_COPIED = (
    "timezone", "automatic_workflow", "master_product_source", "require_second_factor",
    "spread_minutes",
)  # fmt: skip
CHANNEL_COPIED = ("name", "kind", "track", "connector", "mode", "settings")
MAPPING_COPIED = ("topic", "type", "id_path", "enabled")


@transaction.atomic
def clone(account: Account, name: str, at: datetime, actor: User, *, with_members: bool) -> Account:
    """Copies time zone, spread, product source, workflow, Recurring Jobs, channels with their jobs'
    modes, periods, delays and webhook mappings, and the members where wanted.

    The channels are disabled and have no secrets, webhook addresses of their own, and nothing to
    receive from before `at`: a clone never acts on the platforms of its pattern by itself. Records,
    SKU mappings, runs, events, tokens and notifications stay behind. `actor` is its admin.
    """
    new = Account.objects.create(
        name=name,
        created_at=at,
        **{field: getattr(account, field) for field in ACCOUNT_COPIED},
    )
    _members(account, new, actor, with_members=with_members)
    StableJob.objects.bulk_create(
        StableJob(account=new, type=row.type, **{f: getattr(row, f) for f in STABLE_FIELDS})
        for row in account.stable_jobs.all()
    )
    twins = {channel.pk: _twin(channel, new, at) for channel in account.channels.present()}
    _point_at_twins(account, new, twins)
    _jobs(twins, at)
    _mappings(twins, at)
    configure.reconcile(new, at, "the account was cloned")
    _note(account, new, at, actor)
    return new


def _members(account: Account, new: Account, actor: User, *, with_members: bool) -> None:
    Membership.objects.create(account=new, user=actor, role=Role.ADMIN)
    if with_members:
        Membership.objects.bulk_create(
            Membership(account=new, user_id=member.user_id, role=member.role)
            for member in account.memberships.exclude(user=actor)
        )


def _twin(channel: Channel, new: Account, at: datetime) -> Channel:
    copied = {field: getattr(channel, field) for field in CHANNEL_COPIED}
    return Channel.objects.create(account=new, enabled=False, sync_from=at, created_at=at, **copied)


def _point_at_twins(account: Account, new: Account, twins: dict[int, Channel]) -> None:
    for name in ("master_product_channel", "default_fulfillment_channel"):
        setattr(new, name, twins.get(getattr(account, f"{name}_id")))
    new.save(update_fields=["master_product_channel", "default_fulfillment_channel"])


def _jobs(twins: dict[int, Channel], at: datetime) -> None:
    Job.objects.bulk_create(
        Job(
            channel=twins[job.channel_id],
            type=job.type,
            proven_until=at,
            **{field: getattr(job, field) for field in JOB_FIELDS},
        )
        for job in Job.objects.filter(channel__in=twins)
    )


def _mappings(twins: dict[int, Channel], at: datetime) -> None:
    WebhookMapping.objects.bulk_create(
        WebhookMapping(
            channel=twins[row.channel_id],
            enabled_since=at,
            **{field: getattr(row, field) for field in MAPPING_COPIED},
        )
        for row in WebhookMapping.objects.filter(channel__in=twins)
    )


def _note(account: Account, new: Account, at: datetime, actor: User) -> None:
    for owner, subject, other in (
        (account, f"account cloned as {new}", new),
        (new, f"account cloned from {account}", account),
    ):
        HistoryEntry.objects.create(
            account=owner, at=at, actor=actor, subject=subject[:200], new={"account": other.pk}
        )
