"""Notes what a page's visitor never sees: console errors, failed requests, requests elsewhere."""

from __future__ import annotations

from playwright.sync_api import ConsoleMessage, Page, Request, Response

ABORTED = "net::ERR_ABORTED"
"""A poll that was under way when its page was left, or a request that a newer one replaced."""
TOLD_ELSEWHERE = (
    "the server responded with a status of",
    "htmx:afterRequest, ",
    "htmx:sendAbort, ",
)
"""Console errors for an answer's status, and for a request that HTMX itself has replaced."""


class Watch:
    """`faults` stays empty while all is well; `expected`: error statuses that a test provokes."""

    def __init__(self, page: Page, home: str) -> None:
        self.home = home
        self.expected: set[int] = set()
        self.faults: list[str] = []
        page.on("console", self._on_console)
        page.on("request", self._on_request)
        page.on("requestfailed", self._on_failure)
        page.on("response", self._on_response)

    def _on_console(self, message: ConsoleMessage) -> None:
        known = any(words in message.text for words in TOLD_ELSEWHERE)
        if message.type in {"error", "warning"} and not known:
            self.faults.append(f"console: {message.text}")

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith((f"{self.home}/", "data:")):
            self.faults.append(f"request to another host: {request.url}")

    def _on_failure(self, request: Request) -> None:
        if request.failure != ABORTED:
            self.faults.append(f"{request.url}: {request.failure}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.expected:
            self.faults.append(f"{response.url}: {response.status}")
