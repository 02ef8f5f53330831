"""Answers to what no view took: a page for people, a sentence in JSON for programs."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import defaults

API, WEBHOOKS = "/api/", "/webhooks/"


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.path.startswith(API):
        return _said(400, "The request cannot be read: its host, path or headers are malformed.")
    return defaults.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.path.startswith(API):
        return _said(403, "Your role does not allow this.")
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.path.startswith(API):
        return _said(404, "There is nothing at this address; /api/v1/docs/ describes what is.")
    if request.path.startswith(WEBHOOKS):
        return JsonResponse({"event": None, "status": "rejected"}, status=404)
    return defaults.page_not_found(request, exception)


def fault(request: HttpRequest) -> HttpResponse:
    if request.path.startswith(API):
        return _said(500, "A fault of omsauto's; its log says more. Try again later.")
    return defaults.server_error(request)


def _said(status: int, sentence: str) -> JsonResponse:
    return JsonResponse({"detail": sentence}, status=status)
