"""What the jobs read and write: orders, shipments, products, stock, and what was set aside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q, QuerySet, Sum
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from accounts.models import Role
from channels.enums import JobType, Kind
from jobs import stock
from jobs.pages.here import Here, page
from jobs.pages.paging import Slice, as_number, in_order, newest_first, number
from oms import stock_file
from oms.catalog import BadSku, create_product
from oms.columns import quantity
from oms.models import (
    Order,
    OrderStatus,
    ParkedRecord,
    ParkedStatus,
    Product,
    Shipment,
    ShipmentStatus,
    StockLevel,
    sku_key,
)

TABS = (
    ("orders", "Orders"),
    ("shipments", "Shipments"),
    ("products", "Products"),
    ("stock", "Stock"),
    ("parked", "Parked"),
)
"""More on hand than this is a slip of the keyboard, and more than the column holds."""


@page()
def show_records(here: Here) -> HttpResponse:
    tab = here.request.GET.get("tab", "")
    tab = tab if tab in dict(TABS) else TABS[0][0]
    parked = ParkedRecord.objects.filter(account=here.account, status=ParkedStatus.PARKED)
    context = {
        "tab": tab,
        "tabs": TABS,
        "part": _READERS[tab](here),
        "statuses": _STATUSES.get(tab, []),
        "channels": list(here.channels_to_choose().filter(kind__in=_KINDS[tab])),
        "chosen": here.request.GET,
        "status": here.request.GET.get("status", "parked" if tab == "parked" else ""),
        "parked_count": parked.count(),
        "nav_current": "records",
    }
    if tab == "parked":
        context["job_types"] = JobType.choices
        context["retryable"] = parked_rows(here).filter(status=ParkedStatus.PARKED).count()
        context["query"] = here.request.GET.urlencode()
    return here.render("jobs/records.html", context)


_STATUSES: dict[str, list[Any]] = {
    "orders": OrderStatus.choices,
    "shipments": ShipmentStatus.choices,
    "parked": ParkedStatus.choices,
}
_KINDS: dict[str, tuple[Kind, ...]] = {
    "orders": (Kind.SALES,),
    "shipments": (Kind.FULFILLMENT,),
    "products": (),
    "stock": (Kind.FULFILLMENT,),
    "parked": tuple(Kind),
}


def _wanted(here: Here, *fields: str, statuses: Any = None) -> Q:
    """The filters of the query: channel, status, and `q` in any of the fields."""
    found = _with_words(here, *fields)
    if channel := number(here.request, "channel"):
        found &= Q(channel=channel)
    status = here.request.GET.get("status")
    if statuses is not None and status in statuses:
        found &= Q(status=status)
    return found


def _with_words(here: Here, *fields: str) -> Q:
    text = here.request.GET.get("q", "").strip().replace("\x00", "")
    found = Q()
    for field in fields if text else ():
        found |= Q(**{field: sku_key(text) if "sku_key" in field else text})
    return found


def _orders(here: Here) -> Slice[Order]:
    wanted = _wanted(
        here, "number__icontains", "external_id", "email__iexact", statuses=OrderStatus
    )
    orders = Order.objects.filter(wanted, account=here.account).select_related("channel")
    return newest_first(orders.annotate(items=Sum("lines__quantity")), here.request)


def _shipments(here: Here) -> Slice[Shipment]:
    wanted = _wanted(
        here, "order__number__icontains", "external_id", "tracking", statuses=ShipmentStatus
    )
    shipments = Shipment.objects.filter(wanted, account=here.account)
    shipments = shipments.select_related("channel", "order")
    counted = shipments.annotate(items=Sum("lines__quantity"), sent=Sum("lines__shipped"))
    return newest_first(counted, here.request)


def _products(here: Here) -> Slice[Product]:
    wanted = _with_words(here, "sku_key__contains", "name__icontains")
    products = Product.objects.filter(wanted, account=here.account)
    counted = products.annotate(
        on_hand=Sum("stock_levels__on_hand"), allocated=Sum("stock_levels__allocated")
    )
    return in_order(counted, here.request)


def _stock(here: Here) -> Slice[StockLevel]:
    wanted = _wanted(here, "product__sku_key__contains", "product__name__icontains")
    levels = StockLevel.objects.filter(wanted, product__account=here.account)
    levels = levels.filter(channel__deleted_at=None).select_related("product", "channel")
    return in_order(levels.order_by("product__sku_key", "channel__name", "pk"), here.request)


def parked_rows(here: Here) -> QuerySet[ParkedRecord]:
    """The parked records that the query asks for; without a status, those not ended."""
    wanted = _wanted(here, "external_id", "reason__icontains", statuses=ParkedStatus)
    if "status" not in here.request.GET:
        wanted &= Q(status=ParkedStatus.PARKED)
    if (job_type := here.request.GET.get("type")) in JobType:
        wanted &= Q(type=job_type)
    return ParkedRecord.objects.filter(wanted, account=here.account)


def _parked(here: Here) -> Slice[ParkedRecord]:
    return newest_first(parked_rows(here).select_related("channel"), here.request)


_READERS: dict[str, Callable[[Here], Slice[Any]]] = {
    "orders": _orders,
    "shipments": _shipments,
    "products": _products,
    "stock": _stock,
    "parked": _parked,
}


@page()
def show_order(here: Here, order_id: int) -> HttpResponse:
    """One order with its lines and shipments."""
    mine = Order.objects.filter(account__in=here.accounts).select_related("channel")
    order = mine.filter(pk=order_id).first()
    if order is None:
        raise Http404("No such order.")
    here.enter(order.account_id)
    shipments = order.shipments.select_related("channel").prefetch_related("lines__order_line")
    context = {
        "order": order,
        "lines": order.lines.all(),
        "shipments": shipments.annotate(size=Count("lines")),
        "nav_current": "records",
    }
    return here.render("jobs/order.html", context)


@page("POST")
def add_product(here: Here) -> HttpResponse:
    """A product of the own catalogue."""
    here.require(Role.OPERATOR)
    sku = here.request.POST.get("sku", "")
    name = here.request.POST.get("name", "").strip()[:250]
    try:
        product = create_product(here.account, sku, name, here.at)
    except BadSku as reason:
        messages.error(here.request, str(reason))
    else:
        messages.success(here.request, f"{product.sku} is in the catalogue.")
    return _back_to("products")


@page("POST")
def set_stock(here: Here, level_id: int) -> HttpResponse:
    """What lies at the warehouse; backorders that this satisfies become ready."""
    levels = StockLevel.objects.filter(product__account__in=here.accounts)
    level = levels.select_related("product", "channel").filter(pk=level_id).first()
    if level is None:
        raise Http404("No such stock level.")
    here.enter(level.channel.account_id)
    here.require(Role.OPERATOR)
    sent = here.request.POST.get("on_hand", "").strip()
    on_hand = quantity(sent)
    if on_hand is None:
        messages.error(here.request, "On hand must be a whole number, zero or more.")
        return _back_to("stock")
    stock.adjust(level, on_hand, here.at)
    messages.success(here.request, f"{level.product}: {level.on_hand} on hand at {level.channel}.")
    return _back_to("stock")


@page("POST")
def import_stock(here: Here) -> HttpResponse:
    """What lies at one warehouse, from a file: whole or not at all."""
    here.require(Role.OPERATOR)
    warehouses = here.account.channels.present().filter(kind=Kind.FULFILLMENT)
    warehouse = warehouses.filter(pk=as_number(here.request.POST.get("channel", "")) or 0).first()
    sent = here.request.FILES.get("file")
    if warehouse is None or sent is None:
        messages.error(here.request, "Choose a warehouse and a file.")
        return _back_to("stock")
    try:
        counts = stock_file.read(warehouse, sent.read(stock_file.LARGEST_FILE + 1))
    except stock_file.BadFile as bad:
        messages.error(here.request, f"Nothing was changed. {bad}")
        return _back_to("stock")
    stock.take_file(here.account, warehouse, counts, here.at)
    messages.success(here.request, f"The stock of {len(counts)} SKUs at {warehouse} was set.")
    return _back_to("stock")


def _back_to(tab: str) -> HttpResponseRedirect:
    return HttpResponseRedirect(f"{reverse('records')}?tab={tab}")
