"""The plain way to take webhooks: verify, `objects.create`, `apply_async`; one file of Django."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

from celery import current_app
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

application = get_wsgi_application()

from bench.intake_work import SECRET, TASK  # noqa: E402 - models need the set-up above
from channels.models import Channel  # noqa: E402
from jobs.models import Event  # noqa: E402


@csrf_exempt
def receive(request: HttpRequest, token: str) -> HttpResponse:
    channel = Channel.objects.get(webhook_token=token)
    mac = hmac.new(SECRET.encode(), request.body, hashlib.sha256).digest()
    if request.headers["X-WC-Webhook-Signature"] != base64.b64encode(mac).decode():
        return HttpResponse(status=401)
    content = json.loads(request.body)
    event = Event.objects.create(
        channel=channel,
        topic=request.headers["X-WC-Webhook-Topic"],
        delivery_id=request.headers["X-WC-Webhook-Delivery-ID"],
        delivery_key=f"plain {request.headers['X-WC-Webhook-Delivery-ID']}",
        received_at=content["received"],
        status="waiting",
        entities=[str(content["id"])],
        headers=dict(request.headers),
        body=request.body,
    )
    current_app.send_task(TASK, args=[event.pk], countdown=60)
    return JsonResponse({"event": event.pk}, status=202)


def use_our_urls() -> None:
    """The same settings and middleware, with this view alone behind them."""
    from django.conf import settings
    from django.urls import clear_url_caches, set_urlconf

    settings.ROOT_URLCONF = "bench.plain_view"
    clear_url_caches()
    set_urlconf("bench.plain_view")


urlpatterns = [path("plain/<str:token>/", receive)]
use_our_urls()
