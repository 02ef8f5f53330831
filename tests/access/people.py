"""An account in use, and everybody who may try their luck with its addresses."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.http.response import HttpResponseBase
from django.test import Client

from accounts import invitations, second_factor, tokens
from accounts.models import Account, Membership, Role, User
from channels.models import WebhookMapping
from jobs.models import RunStatus
from notifications.models import Destination, Rule
from oms.models import Order, Shipment, SkuMapping
from oms.receive_orders import ReceiveOrders
from tests import builders
from tests.brand import BrandState, connect

MARK = "Zanzibar"
"""Stands in the names of what belongs to the account: no stranger may ever read it."""
STRETCH = "?from=2026-03-01T00:00:00Z&until=2026-03-02T00:00:00Z"
RANKS = ("viewer", "operator", "admin")


@dataclass(frozen=True)
class Person:
    """How somebody calls. `role`: what they are in the account, "" for nothing.

    `is_member`: of any account at all. `by`: nothing, a session, or a token.
    """

    name: str
    role: str = ""
    by: str = ""
    is_member: bool = True
    is_staff: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    session: str = ""

    def call(self, method: str, path: str, body: Any) -> HttpResponseBase:
        client = Client(raise_request_exception=True)
        if self.session:
            client.cookies[settings.SESSION_COOKIE_NAME] = self.session
        options = {"content_type": "application/json"} if path.startswith("/api/") else {}
        data = None if method == "GET" else body
        send: Callable[..., HttpResponseBase] = getattr(client, method.lower())
        return send(path, data, headers=self.headers, **options)


def _session(name: str, user: User, role: str = "", **more: Any) -> Person:
    client = Client()
    client.force_login(user)
    key = client.cookies[settings.SESSION_COOKIE_NAME].value
    return Person(name, role, "session", session=key, **more)


def _token(
    name: str, user: User, role: str, account: Account | None = None, scope: str = "", **more: Any
) -> Person:
    _, text = tokens.issue(user, name, account, scope)
    return Person(name, role, "token", headers={"Authorization": f"Bearer {text}"}, **more)


def everybody(account: Account) -> list[Person]:
    """By session and by token; the admin's tokens also scoped down, and one for elsewhere."""
    members = {role: builders.user(of=account, role=role) for role in RANKS}
    nobody, other = builders.user(), builders.account("Other")
    stranger = builders.user(of=other)
    root = builders.user()
    root.is_staff = root.is_superuser = True
    root.save()
    admin = members["admin"]
    Membership.objects.create(account=other, user=admin, role=Role.ADMIN)
    for user in (nobody, stranger, root, *members.values()):
        second_factor.begin(user)
    return [
        Person("anonymous"),
        Person("wrong token", headers={"Authorization": "Bearer oms_wrong"}),
        _session("nobody", nobody, is_member=False),
        _session("stranger", stranger),
        _session("superuser", root, is_member=False, is_staff=True),
        *[_session(role, members[role], role) for role in RANKS],
        _token("token of nobody", nobody, "", is_member=False),
        _token("token of a stranger", stranger, ""),
        _token("token for elsewhere", admin, "", other, "admin"),
        *[_token(f"token of {role}", members[role], role) for role in RANKS],
        *[_token(f"admin's token as {role}", admin, role, account, role) for role in RANKS],
        _token("viewer's token as admin", members["viewer"], "viewer", account, "admin"),
    ]


class Place:
    """The account: something for every placeholder of every route."""

    def __init__(self) -> None:
        self.account = builders.account(f"{MARK} Tea", timezone="Europe/Berlin")
        shop = connect(self.account, name=f"{MARK} shop")
        depot = connect(self.account, "fulfillment", name=f"{MARK} depot")
        self.brand = BrandState(self.account, shop, depot)
        self.ids = self._ids()

    def path(self, route: str) -> str:
        """An address of this route that leads to something of the account."""
        if "(?P" in route:
            return "/admin/auth/" if "app_label" in route else "/admin/nothing/"
        path = "/" + re.sub(r"<([^>]+)>", lambda match: self._filled(route, match[1]), route)
        return path + (STRETCH if path.endswith(("upcoming/", "slots/")) else "")

    def _filled(self, route: str, placeholder: str) -> str:
        name = placeholder.rpartition(":")[2]
        if name in ("pk", "token"):
            name = route.removeprefix("api/v1/").partition("/")[0]
        return str(self.ids[name])

    def _ids(self) -> dict[str, object]:
        brand, account = self.brand, self.account
        product = builders.product(account, name=f"{MARK} mug", on_hand=1)
        record = builders.order_data("1001", builders.line())
        ReceiveOrders().apply(builders.context(brand.shop), record)
        mapping = SkuMapping.objects.create(
            channel=brand.shop, product=product, external_sku="BEAKER"
        )
        return {
            **self._of_people(),
            "channel": brand.shop.pk,
            "channel_id": brand.shop.pk,
            "account": account.pk,
            "type": "receive_orders",
            "mapping": WebhookMapping.objects.filter(channel=brand.shop).earliest("pk").pk,
            "mapping_id": mapping.pk,
            "sku_mapping": mapping.pk,
            "run_id": brand.run().pk,
            "runs": brand.run(status=RunStatus.FAILED).pk,
            "event_id": (event := brand.event().pk),
            "events": event,
            "replay_id": brand.replay().pk,
            "parked_id": (parked := brand.parked().pk),
            "parked": parked,
            "order_id": (order := Order.objects.get().pk),
            "orders": order,
            "shipments": Shipment.objects.get().pk,
            "products": product.pk,
            "level_id": (level := product.stock_levels.get().pk),
            "stock-levels": level,
            "webhooks": brand.shop.webhook_token,
            "destination_id": Destination.objects.create(
                account=account, name=f"{MARK} mail", kind="admins"
            ).pk,
            "rule_id": Rule.objects.create(account=account, name=f"{MARK} rule").pk,
            "object_id": 1,
            "content_type_id": 1,
        }

    def _of_people(self) -> dict[str, object]:
        inviting = builders.user(of=self.account)
        leaving = builders.user(of=self.account, role=Role.VIEWER)
        made, text = invitations.invite(
            self.account, "new@example.com", Role.VIEWER, builders.NOW, inviting
        )
        return {
            "membership_id": leaving.memberships.get().pk,
            "invitation_id": made.pk,
            "invitations": text,
            "token_id": tokens.issue(inviting, "Export", self.account, Role.VIEWER)[0].pk,
        }
