"""Ways to Tryton on which something is lost: one answer, or the whole server."""

from __future__ import annotations

import json

import httpx

from tests.real.tryton.server import Tryton


class Losing(httpx.HTTPTransport):
    """Loses the answer of one call, counted from 1, after Tryton has carried it out."""

    def __init__(self, lost: int) -> None:
        super().__init__()
        self.left = lost

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        self.left -= 1
        if self.left == 0:
            response.read()
            raise httpx.ReadError("the connection was lost")
        return response


class Killing(httpx.HTTPTransport):
    """Kills Tryton right after it has carried out a call of this method."""

    def __init__(self, tryton: Tryton, method: str) -> None:
        super().__init__()
        self.tryton, self.method = tryton, method

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        response.read()
        if json.loads(request.content)["method"] == self.method:
            self.tryton.kill()
        return response
