"""The plain way to take webhooks: verify, `objects.create`, `apply_async`; one file of Django."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import ClassVar

from celery import current_app
from django.core.wsgi import get_wsgi_application
from django.db import models
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

application = get_wsgi_application()

from bench.intake_work import PLAIN_TABLE, SECRET, TASK  # noqa: E402 - models need the set-up above
from channels.models import Channel  # noqa: E402


class PlainEvent(models.Model):
    """A delivery with what a first design keeps of it; its table has two indexes."""

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="+")
    topic = models.CharField(max_length=100)
    delivery_id = models.CharField(max_length=200, unique=True)
    received_at = models.DateTimeField()
    status = models.CharField(max_length=8)
    headers = models.JSONField()
    body = models.BinaryField()

    objects: ClassVar[models.Manager[PlainEvent]] = models.Manager()

    class Meta:
        app_label = "bench"
        managed = False
        db_table = PLAIN_TABLE
        default_permissions: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.delivery_id


@csrf_exempt
def receive(request: HttpRequest, token: str) -> HttpResponse:
    channel = Channel.objects.get(webhook_token=token)
    mac = hmac.new(SECRET.encode(), request.body, hashlib.sha256).digest()
    if request.headers["X-WC-Webhook-Signature"] != base64.b64encode(mac).decode():
        return HttpResponse(status=401)
    event = PlainEvent.objects.create(
        channel=channel,
        topic=request.headers["X-WC-Webhook-Topic"],
        delivery_id=request.headers["X-WC-Webhook-Delivery-ID"],
        received_at=json.loads(request.body)["received"],
        status="waiting",
        headers=dict(request.headers),
        body=request.body,
    )
    current_app.send_task(TASK, args=[event.pk], countdown=60)
    return JsonResponse({"event": event.pk}, status=202)


urlpatterns = [path("plain/<str:token>/", receive)]
