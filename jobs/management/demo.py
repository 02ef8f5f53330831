"""The demo account: a pretend shop and warehouse, connected by webhook and by schedule."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import Account, Membership, Role, User
from channels.connectors.base import ConnectorError, ProductData
from channels.connectors.http import call, make_client
from channels.enums import JobType
from channels.models import Channel, create_channel
from jobs import configure, control
from jobs.change import Change
from jobs.models import Job
from oms.catalog import create_product
from oms.models import Order, StockLevel
from oms.stock import ensure_levels

EMAIL = "demo@omsauto.example"
NAME = "Tea & Co (demo)"
ZONE = "America/New_York"
STOCK = 100
EMERGENCY_MINUTES = 5
SEND_EVERY_MINUTES = 5
RENEW_EVERY_MINUTES = 60
FIRST_ORDERS = 3
SHOP_ORDERS_EVERY_SECONDS = 45
SHOP_ORDERS = 8
WAREHOUSE_SHIPS_AFTER_SECONDS = 20
PATIENCE_SECONDS = 30.0


def password() -> str:
    """The demo user's password: made once, kept beside the data."""
    kept = Path(settings.VAR) / "demo-password"
    if not kept.exists():
        kept.touch(mode=0o600)
        kept.write_text(secrets.token_urlsafe(9), encoding="ascii")
    return kept.read_text(encoding="ascii")


def sandbox_url() -> str:
    port = os.environ.get("SANDBOX_PORT") or int(os.environ.get("PORT", "8000")) + 1
    return f"http://127.0.0.1:{port}"


def create(at: datetime) -> User:
    """The demo account, once; its channels' addresses follow the ports of this start."""
    user = User.objects.filter(email=EMAIL).first() or _create(at)
    connected = Channel.objects.filter(
        account__memberships__user=user,
        connector__startswith="sandbox_",
        settings__has_key="url",
    )
    channels = list(connected.order_by("pk"))
    former = {urlsplit(channel.settings["url"]).netloc for channel in channels[:1]}
    for channel in channels:
        _follow(channel, former)
    return user


def _follow(channel: Channel, former: set[str]) -> None:
    """Where the channel is of the sandbox that the demo began with: its address is that of now."""
    address = urlsplit(channel.settings["url"])
    if address.netloc not in former:
        return
    kind = "shops" if channel.connector == "sandbox_shop" else "warehouses"
    path = address.path if address.path.strip("/") else f"/{kind}/demo"
    if channel.settings["url"] != (now := f"{sandbox_url()}{path}"):
        channel.settings["url"] = now
        channel.save(update_fields=["settings"])


@transaction.atomic
def _create(at: datetime) -> User:
    user = User.objects.create_user(EMAIL, password(), is_staff=True, is_superuser=True)
    account = Account.objects.create(name=NAME, timezone=ZONE, created_at=at)
    Membership.objects.create(account=account, user=user, role=Role.ADMIN)
    shop, warehouse = (
        create_channel(
            account,
            connector,
            name,
            at,
            settings={"url": "http://127.0.0.1/", **more},
            secrets={
                "token": secrets.token_urlsafe(24),
                "webhook_secret": f"whsec_{secrets.token_hex(16)}",
                "refresh_token": secrets.token_urlsafe(24),
            },
        )
        for connector, name, more in (
            ("sandbox_shop", "Sandbox shop", {"inventory_mode": "realtime"}),
            ("sandbox_warehouse", "Sandbox warehouse", {}),
        )
    )
    account.default_fulfillment_channel = warehouse
    account.save(update_fields=["default_fulfillment_channel"])
    configure.reconcile(account, at)
    configure.apply(account, _demo_settings(shop, warehouse), at, user)
    return user


def _demo_settings(shop: Channel, warehouse: Channel) -> Change:
    webhook = {"emergency_period_minutes": EMERGENCY_MINUTES}
    often = {"main_period_minutes": SEND_EVERY_MINUTES}
    hourly = {"main_period_minutes": RENEW_EVERY_MINUTES}
    return Change(
        channels={shop.pk: {"mode": "webhook"}, warehouse.pk: {"mode": "webhook"}},
        jobs={
            (shop.pk, JobType.RECEIVE_ORDERS): webhook,
            (shop.pk, JobType.RECEIVE_ORDER_UPDATES): webhook,
            (shop.pk, JobType.SEND_ORDER_UPDATES): often,
            (shop.pk, JobType.REFRESH_AUTHORIZATION): hourly,
            (warehouse.pk, JobType.RECEIVE_SHIPMENTS): webhook,
            (warehouse.pk, JobType.RECEIVE_INVENTORY): webhook,
            (warehouse.pk, JobType.SEND_SHIPMENTS): often,
            (warehouse.pk, JobType.REFRESH_AUTHORIZATION): hourly,
        },
    )


def connect() -> str:
    """Tell the sandbox where its webhooks go; on the first start fill it and place orders.

    Answers with a sentence for whoever started the demo.
    """
    user = User.objects.get(email=EMAIL)
    account = Account.objects.filter(memberships__user=user).order_by("pk").first()
    present = Channel.objects.present().filter(account=account).order_by("pk")
    shop = present.filter(connector="sandbox_shop").first()
    warehouse = present.filter(connector="sandbox_warehouse").first()
    if account is None or shop is None or warehouse is None:
        return "The demo's shop or its warehouse was deleted: the sandbox is left alone."
    with make_client(allow_private=True) as http:
        _wait_for_sandbox(http)
        for channel, path in ((shop, "shops"), (warehouse, "warehouses")):
            _control(http, f"{path}/demo", _webhooks_of(channel))
        if account.products.exists():
            return "The sandbox is connected."
        _fill(http, account, shop)
        _start(http, account, warehouse)
    return f"The sandbox is connected; {FIRST_ORDERS} orders were placed in its shop."


def _webhooks_of(channel: Channel) -> dict[str, object]:
    """A demo account made by an earlier version has no refresh token."""
    shared = ("token", "webhook_secret", "refresh_token")
    return {
        **{name: channel.secrets[name] for name in shared if name in channel.secrets},
        "webhook_url": f"http://127.0.0.1:{settings.PORT}{channel.webhook_path}",
        "samples": True,
    }


def _wait_for_sandbox(http: httpx.Client) -> None:
    patience = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            call(http, "GET", f"{sandbox_url()}/control/")
        except ConnectorError:
            if time.monotonic() > patience:
                raise
            time.sleep(0.2)
        else:
            return


def _control(http: httpx.Client, path: str, body: Mapping[str, object]) -> None:
    call(http, "POST", f"{sandbox_url()}/control/{path}", json=body)


def _fill(http: httpx.Client, account: Account, shop: Channel) -> None:
    """The shop's assortment becomes our catalogue, with the stock that the warehouse has."""
    now = timezone.now()
    connector = shop.make_connector(http=http)
    for page in connector.pages(JobType.IMPORT_PRODUCTS, shop.created_at, now):
        for product in page:
            if isinstance(product, ProductData):
                create_product(account, product.sku, product.name, now)
    ensure_levels(account)
    StockLevel.objects.filter(product__account=account).update(on_hand=STOCK)


def _start(http: httpx.Client, account: Account, warehouse: Channel) -> None:
    """A few orders at once, more from time to time; the warehouse ships what it gets."""
    _control(http, "warehouses/demo", {"auto_seconds": WAREHOUSE_SHIPS_AFTER_SECONDS})
    _control(http, "shops/demo/orders", {"count": FIRST_ORDERS})
    more = {"auto_seconds": SHOP_ORDERS_EVERY_SECONDS, "auto_left": SHOP_ORDERS}
    _control(http, "shops/demo", more)
    patience = time.monotonic() + PATIENCE_SECONDS
    while Order.objects.filter(account=account).count() < FIRST_ORDERS:
        if time.monotonic() > patience:
            return
        time.sleep(0.2)
    job = Job.objects.with_channel().get(channel=warehouse, type=JobType.SEND_SHIPMENTS)
    control.run_now(job, timezone.now())
