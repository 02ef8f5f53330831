"""The tabs of a channel's page: each has a key, a template and what the template shows.

A tab is added to `TABS` with a function that answers its context.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet

from accounts.models import HistoryEntry
from channels.enums import Kind, Track
from channels.models import Channel
from jobs.models import EmergencyTransition, Event, Run
from jobs.pages import schedule, sku_mappings, webhook_secret
from jobs.pages.channel_form import ChannelForm
from jobs.pages.channel_rows import Reader
from jobs.pages.here import Here
from jobs.pages.paging import newest_first
from jobs.reading import past_slots, upcoming
from oms.models import (
    Order,
    ParkedRecord,
    ParkedStatus,
    ProductReference,
    Shipment,
    StockLevel,
)

RECENT = 20
LAST_DELIVERIES = 10
DAY = timedelta(days=1)

Context = dict[str, Any]


@dataclass(frozen=True)
class Tab:
    """`context` is asked only where the tab is looked at."""

    key: str
    label: str
    template: str
    context: Callable[[Here, ChannelForm], Context]


def rows_context(here: Here, form: ChannelForm) -> Context:
    """The rows of the jobs, by the section they stand in."""
    return {
        "form": form,
        "channel": form.channel,
        "blocks": Reader(form, here.at).blocks(),
        "stable": form.channel.track == Track.STABLE,
        "may_edit": here.may_operate,
    }


def _settings(here: Here, form: ChannelForm) -> Context:
    context = rows_context(here, form) | schedule.context(here, form)
    sections = [
        ("general", "General"),
        ("mode", "Mode and jobs"),
        ("inventory", "Inventory Settings"),
        ("other", "Other System Settings"),
        ("connection", "Connection"),
        ("schedule", "Schedule"),
    ]
    filled = {
        "inventory": bool(context["blocks"]["inventory"] or form.connection.inventory_fields),
        "other": bool(context["blocks"]["other"]),
    }
    context["sections"] = [one for one in sections if filled.get(one[0], True)]
    context["has_inventory"], context["has_other"] = filled["inventory"], filled["other"]
    return context


def _webhooks(here: Here, form: ChannelForm) -> Context:
    channel = form.channel
    events = Event.objects.without_body().filter(channel=channel).select_related("job")
    return {
        "registers_webhooks": channel.connector_class.registers_webhooks,
        "takes_webhooks": any(True for _topic in channel.connector_class.topics())
        or channel.connector_class.custom_topics,
        "events": events[:LAST_DELIVERIES],
        **webhook_secret.state_context(here, channel),
    }


def _skus(here: Here, form: ChannelForm) -> Context:
    return sku_mappings.tab_context(here, form.channel)


def _records(here: Here, form: ChannelForm) -> Context:
    channel = form.channel
    parked = ParkedRecord.objects.filter(channel=channel, status=ParkedStatus.PARKED)
    part = newest_first(parked.select_related("channel"), here.request, RECENT)
    return {"part": part, "parked_count": parked.count(), "counts": _counts(channel)}


def _counts(channel: Channel) -> list[tuple[str, str, int]]:
    """(tab of the records page, label, how many of them are this channel's)"""
    sold: list[tuple[str, str, QuerySet[Any]]] = [
        ("orders", "Orders", Order.objects.all()),
        ("products", "Products known here", ProductReference.objects.all()),
    ]
    shipped: list[tuple[str, str, QuerySet[Any]]] = [
        ("shipments", "Shipments", Shipment.objects.all()),
        ("stock", "Stock levels", StockLevel.objects.all()),
    ]
    lists = sold if channel.kind == Kind.SALES else shipped
    return [(tab, label, rows.filter(channel=channel).count()) for tab, label, rows in lists]


def _runs(here: Here, form: ChannelForm) -> Context:
    channel = form.channel
    slots = past_slots(channel, here.at - DAY, here.at)
    return {
        "runs": Run.objects.filter(channel=channel).of_page()[:RECENT],
        "missed": [stretch for stretch in slots if stretch.outcome != "ran"],
        "upcoming": upcoming(form.world, here.at, here.at + DAY)[:RECENT],
    }


def _history(here: Here, form: ChannelForm) -> Context:
    channel = form.channel
    entries = HistoryEntry.objects.filter(channel=channel).select_related("actor", "channel")
    moves = EmergencyTransition.objects.filter(job__channel=channel).select_related("job")
    return {
        "history": newest_first(entries, here.request, RECENT),
        "transitions": newest_first(moves, here.request, RECENT, "moves_before"),
    }


TABS = (
    Tab("settings", "Settings", "jobs/_channel_settings.html", _settings),
    Tab("webhooks", "Webhooks", "jobs/_channel_webhooks.html", _webhooks),
    Tab(schedule.TAB, "Schedule", "jobs/_schedule.html", schedule.context),
    Tab(sku_mappings.TAB, "SKU mappings", "jobs/_channel_skus.html", _skus),
    Tab("records", "Records", "jobs/_channel_records.html", _records),
    Tab("runs", "Runs", "jobs/_channel_runs.html", _runs),
    Tab("history", "History", "jobs/_channel_history.html", _history),
)
FORMER_KEYS = {"jobs": "settings", "connection": "settings", "activity": "runs"}
"""Keys that links in mails and bookmarks may still carry, and where they lead now."""


def chosen_tab(here: Here) -> Tab:
    """What the form or the query asks for; the first one where that is no tab."""
    asked = here.request.POST.get("tab") or here.request.GET.get("tab", "")
    key = FORMER_KEYS.get(asked, asked)
    return next((tab for tab in TABS if tab.key == key), TABS[0])
