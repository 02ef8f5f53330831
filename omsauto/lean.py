"""The short way for webhooks and probes, past sessions, cookies and pages."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import resolve

LEAN = ("/webhooks/", "/healthz", "/readyz", "/metrics")


def lean_paths(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Call the views of LEAN directly.

    They read no session and set no cookie. Probes come by address rather than by name, and over
    plain HTTP from inside, so neither ALLOWED_HOSTS nor the redirect to HTTPS may stop them.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(LEAN):
            return get_response(request)
        match = resolve(request.path_info)
        request.resolver_match = match
        response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
        if isinstance(response, HttpResponse) and "Content-Length" not in response:
            response["Content-Length"] = str(len(response.content))
        return response

    return middleware
