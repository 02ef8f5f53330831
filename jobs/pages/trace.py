"""The trace of an order, of a platform's record, or of a SKU: its whole story on one page."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from channels.enums import JobType
from channels.models import Channel
from jobs.models import RecordChange
from jobs.pages.here import Here, page
from jobs.pages.paging import number
from jobs.trace import gather
from jobs.trace_entries import tell
from jobs.trace_sku import tell_sku
from jobs.trace_subjects import LONGEST, PULLS, Subject, find, record
from oms.models import Order, ParkedRecord, Product, Shipment

KEYED_BY = {
    JobType.SEND_SHIPMENTS: "shipment",
    JobType.SEND_ORDER_UPDATES: "shipment",
    JobType.SYNC_INVENTORY: "product",
}
"""What the key is of that a push job knows a record by."""


@page()
def show_trace(here: Here) -> HttpResponse:
    """What `q` stands for, or what `order`, `product`, or `channel` with `id` name."""
    text = here.request.GET.get("q", "").strip()[:LONGEST]
    chosen = _chosen(here)
    found = [] if chosen else find(here.account, text)
    if len(found) == 1:
        chosen = found[0]
    context: dict[str, object] = {
        "text": text or _named(chosen),
        "subject": chosen,
        "matches": [(one, link_to(one, text)) for one in found],
        "asked": bool(text or chosen),
        "nav_current": "trace",
    }
    if chosen and chosen.product:
        context["sku"] = tell_sku(chosen.product)
    elif chosen:
        context["story"] = tell(gather(chosen))
    return here.render("jobs/trace.html", context)


def _chosen(here: Here) -> Subject | None:
    """What the address names itself; Http404 for another account's."""
    order, shipment, product, channel = (
        number(here.request, name) for name in ("order", "shipment", "product", "channel")
    )
    external_id = here.request.GET.get("id", "").replace("\x00", "")[:LONGEST]
    if order:
        orders = Order.objects.select_related("channel")
        return Subject(order=get_object_or_404(orders, account=here.account, pk=order))
    if shipment:
        shipments = Shipment.objects.select_related("order__channel")
        sent = get_object_or_404(shipments, account=here.account, pk=shipment)
        return Subject(order=sent.order)
    if product:
        return Subject(product=get_object_or_404(Product, account=here.account, pk=product))
    if channel and external_id:
        return record(get_object_or_404(Channel, account=here.account, pk=channel), external_id)
    return None


def _named(subject: Subject | None) -> str:
    if subject is None:
        return ""
    return str(subject.order or subject.product or subject.external_id)


def link_to(subject: Subject, text: str = "") -> str:
    """The address of a subject's trace."""
    query: dict[str, object] = {"q": text} if text else {}
    if subject.order:
        query["order"] = subject.order.pk
    elif subject.product:
        query["product"] = subject.product.pk
    elif subject.channel:
        query |= {"channel": subject.channel.pk, "id": subject.external_id}
    return f"{reverse('trace')}?{urlencode(query)}"


def trace_of(row: ParkedRecord | RecordChange) -> str:
    """The trace of a row: what is read goes by the platform's id, what is sent by our key.

    "" for what has none.
    """
    if row.type in PULLS:
        query = {"channel": str(row.channel_id), "id": row.external_id}
    elif name := KEYED_BY.get(JobType(row.type)):
        query = {name: row.external_id}
    else:
        return ""
    return f"{reverse('trace')}?{urlencode(query)}"
