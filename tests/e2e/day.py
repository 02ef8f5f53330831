"""An account in the middle of its day, and the address of every page of it."""

from __future__ import annotations

from datetime import timedelta

from accounts import invitations, tokens
from accounts.models import Role
from channels.models import Channel
from jobs import circuits, configure, control
from jobs.lease import claim
from jobs.models import Event, EventReplay, Job, Run
from notifications.models import Destination, Rule
from notifications.tell import tell
from oms.models import Order, ParkedRecord, Shipment
from tests import builders
from tests.brand import connect
from tests.e2e.scene import NOW, Scene
from tests.sandbox_server import SECRET, SandboxServer


def busy_day(scene: Scene, sandbox: SandboxServer, home: str, name: str) -> Channel:
    """A shop: orders taken over, one parked, one rescued; a second one fails, a third is ill."""
    platform = sandbox.shop("shop")
    secrets = {**platform.secrets, "webhook_secret": SECRET}
    made = scene.channel(name, settings=platform.settings, secrets=secrets, sync_from=NOW)
    scene.save(made, "webhook", receive_orders={"emergency_period_minutes": 5})
    platform.send_webhooks_to(home + made.webhook_path)
    builders.warehouse(scene.account)
    mug = builders.product(scene.account, "MUG", on_hand=5)
    made.sku_mappings.create(product=mug, external_sku="THEIR-VERY-OWN-AND-VERY-LONG-SKU-OF-A-MUG")
    configure.reconcile(scene.account, NOW)
    platform.place_order("MUG")
    platform.place_order("A-SKU-THAT-NOBODY-HAS-EVER-HEARD-OF-BEFORE")
    platform.wait_for_deliveries()
    platform.drop_webhooks()
    scene.move_to(NOW + timedelta(minutes=1))
    platform.place_order("MUG")
    scene.work()
    scene.move_to(NOW + timedelta(minutes=8))
    scene.work()
    broken = scene.channel("Broken shop")
    scene.save(broken, receive_orders={"main_period_minutes": 5})
    scene.move_to(NOW + timedelta(minutes=16))
    scene.work()
    scene.channel("Stable shop", track="stable", enabled=False)
    _leave_alone(scene.channel("Ill shop"))
    return made


def _leave_alone(ill: Channel) -> None:
    """Its platform does not answer, and a run waits for it."""
    url = "https://shop.example.com/wp-json/wc/v3/orders?orderby=date&order=asc&per_page=100&page=1"
    for _ in range(5):
        circuits.note_failure(ill.pk, f"GET {url} answered 502", NOW)
    job = Job.objects.with_channel().get(channel=ill, type="receive_orders")
    run = control.run_now(job, NOW).run
    assert run is not None
    assert claim(run.pk, NOW) is None


def paths_of(shop: Channel) -> list[str]:
    """Every page, with what the account of this channel has to show there."""
    channel = f"/channels/{shop.pk}/"
    runs = Run.objects.order_by("pk")
    shown = [runs.filter(rescued__gt=0).get(), runs.exclude(error="").first(), runs.first()]
    shown.append(runs.exclude(waits_for="").get())
    assert Shipment.objects.exists()
    assert ParkedRecord.objects.exists()
    replay = EventReplay.objects.create(
        account=shop.account, words="done", total=3, position=1, started_at=NOW, touched_at=NOW
    )
    own = connect(shop.account, name="Own shop", connector="http")
    colleague = builders.user(f"{'long' * 12}@example.com", of=shop.account, role=Role.OPERATOR)
    tokens.issue(colleague, "Nightly" * 11, shop.account, Role.VIEWER)
    invitations.invite(shop.account, f"{'new' * 20}@example.com", Role.ADMIN, NOW, colleague)
    mail = Destination.objects.create(account=shop.account, name=shop.name, kind="admins")
    rule = Rule.objects.create(account=shop.account, name=shop.name)
    rule.destinations.add(mail)
    tell(NOW)
    return [
        "/",
        "/attention/",
        "/channels/sales/",
        "/channels/fulfillment/",
        "/channels/supported/",
        "/channels/new/?kind=fulfillment",
        "/channels/new/?kind=sales&connector=woocommerce",
        channel,
        f"/channels/{own.pk}/",
        f"/channels/{own.pk}/?tab=webhooks",
        *[f"{channel}?tab={tab}" for tab in ("webhooks", "skus", "records", "runs", "history")],
        f"{channel}webhook-secret/",
        f"{channel}webhook-url/",
        f"{channel}?tab=schedule",
        f"{channel}?tab=schedule&days=7",
        f"{channel}first-run/",
        f"{channel}?tab=connection",
        f"/channels/{own.pk}/?tab=connection",
        f"{channel}?tab=skus",
        f"{channel}?tab=activity",
        f"{channel}subscriptions/",
        f"{channel}enable/",
        f"{channel}disable/",
        f"{channel}delete/",
        *[f"/channels/{other.pk}/" for other in shop.account.channels.exclude(pk=shop.pk)],
        "/account/",
        "/account/recurring-jobs/",
        "/account/clone/",
        "/account/history/",
        "/account/members/",
        f"/account/members/{colleague.memberships.get().pk}/remove/",
        "/account/members/leave/",
        "/account/tokens/",
        "/account/notifications/",
        "/account/notifications/destinations/new/",
        f"/account/notifications/destinations/{mail.pk}/",
        "/account/notifications/rules/new/",
        f"/account/notifications/rules/{rule.pk}/",
        "/runs/",
        "/runs/?trigger=manual&status=failed",
        f"/runs/?channel={shop.pk}&type=receive_orders&show=slots",
        *[f"/runs/{run.pk}/" for run in shown if run],
        "/events/",
        "/events/?q=topic:order&period=today",
        f"/events/{Event.objects.earliest('pk').pk}/",
        "/events/replay/?status=done",
        f"/events/replays/{replay.pk}/",
        "/trace/",
        "/trace/?q=nothing-goes-by-this-name",
        f"/trace/?order={Order.objects.latest('pk').pk}",
        "/trace/?q=MUG",
        *[f"/records/?tab={tab}" for tab in ("orders", "shipments", "products", "stock", "parked")],
        f"/records/parked/{ParkedRecord.objects.earliest('pk').pk}/",
        f"/records/orders/{Order.objects.earliest('pk').pk}/",
    ]
