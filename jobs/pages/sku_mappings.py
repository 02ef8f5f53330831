"""The tab of a channel's SKU mappings: the list, one mapping at a time, and whole tables."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from accounts.models import Role
from channels.models import Channel
from jobs import sku_mappings
from jobs.change import Refused
from jobs.pages.here import Here, find_channel, page
from jobs.pages.paging import in_order
from jobs.replays import Replay
from oms import sku_mapping_csv
from oms.models import SkuMapping, sku_key

TAB = "skus"
SHOWN = 100


def tab_context(here: Here, channel: Channel) -> dict[str, Any]:
    """A page of the list, and what the form to add one was last filled with."""
    words = here.request.GET.get("q", "").strip().replace("\x00", "")
    rows = SkuMapping.objects.filter(channel=channel).select_related("product")
    if key := sku_key(words):
        rows = rows.filter(
            Q(external_sku_key__contains=key)
            | Q(product__sku_key__contains=key)
            | Q(product__name__icontains=words)
        )
    typed = {name: here.request.GET.get(name, "") for name in sku_mapping_csv.COLUMNS}
    return {"part": in_order(rows, here.request), "q": words, "typed": typed}


@page("POST")
def add(here: Here, channel_id: int) -> HttpResponse:
    channel = find_channel(here, channel_id, Role.OPERATOR)
    sent = {name: here.request.POST.get(name, "") for name in sku_mapping_csv.COLUMNS}
    try:
        made, replay = sku_mappings.add(channel, **sent, at=here.at, actor=here.user)
    except Refused as refused:
        messages.error(here.request, str(refused))
        return _back(channel, sent)
    messages.success(here.request, _told(f"{made.external_sku} is {made.product} now.", replay))
    return _back(channel)


@page("POST")
def change(here: Here, channel_id: int, mapping_id: int) -> HttpResponse:
    """Another product of ours for the channel's SKU."""
    channel, mapping = _find(here, channel_id, mapping_id)
    sku = here.request.POST.get("sku", "")
    try:
        row, replay = sku_mappings.change(mapping, here.at, here.user, sku=sku)
    except Refused as refused:
        messages.error(here.request, f"{mapping.external_sku} was not changed. {refused}")
        return _back(channel)
    messages.success(here.request, _told(f"{row.external_sku} is {row.product} now.", replay))
    return _back(channel)


@page("POST")
def delete(here: Here, channel_id: int, mapping_id: int) -> HttpResponse:
    channel, mapping = _find(here, channel_id, mapping_id)
    replay = sku_mappings.delete(mapping, here.at, here.user)
    messages.success(here.request, _told(f"{mapping.external_sku} is no longer mapped.", replay))
    return _back(channel)


@page()
def export(here: Here, channel_id: int) -> HttpResponse:
    """All mappings as a table that the import takes back."""
    channel = find_channel(here, channel_id)
    name = f"sku-mappings-{channel.pk}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    table = sku_mapping_csv.write(channel)
    return HttpResponse(table, content_type="text/csv; charset=utf-8", headers=headers)


@page("POST")
def import_table(here: Here, channel_id: int) -> HttpResponse:
    """An uploaded `file` is shown with what it would do; the same table as `csv` is imported."""
    channel = find_channel(here, channel_id, Role.OPERATOR)
    table = here.request.POST.get("csv")
    if table is not None:
        done = sku_mappings.import_table(channel, table, here.at, here.user)
        if not done.faults:
            count = len(done.created) + len(done.updated)
            mappings = "1 mapping" if count == 1 else f"{count} mappings"
            messages.success(here.request, _told(f"{mappings} imported.", done.replay))
            return _back(channel)
        return _render_import(here, channel, done, table)
    file = here.request.FILES.get("file")
    if file is None:
        messages.error(here.request, "Choose a file first.")
        return _back(channel)
    content = file.read(sku_mapping_csv.LARGEST + 1)
    done = sku_mappings.import_table(channel, content, here.at, here.user, dry_run=True)
    return _render_import(here, channel, done, content.decode("utf-8-sig", "replace"))


def _render_import(
    here: Here, channel: Channel, found: sku_mappings.Imported, table: str
) -> HttpResponse:
    rows = [("new", row) for row in found.created] + [("changed", row) for row in found.updated]
    context = {
        "channel": channel,
        "nav_current": channel.kind,
        "found": found,
        "faults": found.faults[:SHOWN],
        "more_faults": max(len(found.faults) - SHOWN, 0),
        "rows": rows[:SHOWN],
        "more_rows": max(len(rows) - SHOWN, 0),
        "count": len(rows),
        "table": table,
        "refused": bool(found.faults),
    }
    return here.render("jobs/sku_import.html", context)


def _find(here: Here, channel_id: int, mapping_id: int) -> tuple[Channel, SkuMapping]:
    channel = find_channel(here, channel_id, Role.OPERATOR)
    rows = SkuMapping.objects.select_related("product", "channel__account")
    mapping = rows.filter(channel=channel, pk=mapping_id).first()
    if mapping is None:
        raise Http404("No such mapping.")
    return channel, mapping


def _told(what: str, replay: Replay) -> str:
    return f"{what} {replay.sentence}" if replay.records or replay.refused else what


def _back(channel: Channel, typed: dict[str, str] | None = None) -> HttpResponseRedirect:
    query = urlencode({"tab": TAB, **(typed or {})})
    return redirect(f"{reverse('channel', args=[channel.pk])}?{query}")
