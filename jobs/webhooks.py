"""The door for platforms: one lean synchronous view, answered after the event is committed."""

from __future__ import annotations

import logging

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.http.request import UnreadablePostError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from jobs import blind, intake

RETRY_AFTER_SECONDS = "30"

log = logging.getLogger(__name__)


@csrf_exempt
@require_POST
def receive(request: HttpRequest, token: str) -> JsonResponse:
    """Answers as in "Webhooks" of the documentation; any fault of ours is a 503, never a 4xx."""
    try:
        return _receive(request, token)
    except UnreadablePostError:
        return _answer(intake.Receipt(400, "rejected"))
    except Exception:
        log.exception("webhook delivery not stored, by a fault of ours")
        blind.note_fault()
    return _answer(intake.OUR_FAULT)


def _receive(request: HttpRequest, token: str) -> JsonResponse:
    at = timezone.now()
    channel = intake.find_channel(token, at)
    if channel is None:
        return _answer(intake.Receipt(404, "rejected"))
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        return _answer(intake.Receipt(415, "rejected"))
    body = _body(request)
    if body is None:
        return _answer(intake.Receipt(413, "rejected"))
    headers = {name.lower(): value for name, value in request.headers.items()}
    return _answer(intake.receive(channel, headers, body, at))


def _body(request: HttpRequest) -> bytes | None:
    """The raw body, or None where it is over the limit; never more of it is read than that."""
    limit: int = settings.OMSAUTO_WEBHOOK_MAX_BODY
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > limit:
        return None
    body = request.read(limit + 1)
    return None if len(body) > limit else body


def _answer(receipt: intake.Receipt) -> JsonResponse:
    said = {"event": receipt.event, "status": receipt.status}
    headers = {"Retry-After": RETRY_AFTER_SECONDS} if receipt.http == 503 else None
    return JsonResponse(said, status=receipt.http, headers=headers)
