"""Time zones of requests."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone


def account_zone(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Let a page show times in its account's zone, and the thread's next request start in UTC.

    The page itself activates the zone, once it knows its account (`jobs.pages.here`).
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        with timezone.override(None):
            return get_response(request)

    return middleware
