"""Sessions of Tryton: logged in to once, used by every connector of this process.

Tryton keeps each session for its `max_age` (30 days by default) and reads all of a user's at each
call; a login for each run would slow the server down. So a session is kept here until Tryton no
longer knows it, or until the password in use is another one.
"""

from __future__ import annotations

import hashlib
import threading
from base64 import b64encode
from collections.abc import Generator
from typing import Any

import httpx

from channels.connectors.base import Misconfigured, Transient
from channels.connectors.http import retry_after
from channels.connectors.tryton import wire

_KEPT: dict[str, str] = {}
"""The value of the Authorization header, by who logs in where."""
_LOCK = threading.Lock()
_FORBIDDEN, _UNKNOWN_SESSION = httpx.codes.FORBIDDEN, httpx.codes.UNAUTHORIZED


class SessionAuth(httpx.Auth):
    """Logs in where there is no session, and once more where Tryton has forgotten it.

    Raises `Misconfigured` where the login is refused, or the user may not call what was called.
    """

    requires_response_body = True

    def __init__(self, address: str, user: str, password: str) -> None:
        self._address, self._user, self._password = address, user, password
        secret = hashlib.sha256(password.encode()).hexdigest()
        self._key = "\n".join((address, user, secret))

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        kept = _KEPT.get(self._key)
        request.headers["Authorization"] = kept or (yield from self._log_in())
        response = yield request
        if response.status_code == _UNKNOWN_SESSION and kept:
            request.headers["Authorization"] = yield from self._log_in()
            response = yield request
        if response.status_code == _FORBIDDEN:
            raise Misconfigured(
                f"Tryton does not let the user {self._user} call this (403): check that the "
                "modules sale, stock, stock_package_shipping and web_shop are activated"
            )

    def _log_in(self) -> Generator[httpx.Request, httpx.Response, str]:
        parameters = [self._user, {"password": self._password}]
        response = yield call_request(self._address, "common.db.login", parameters)
        uid, key = self._session_of(response)
        token = b64encode(f"{self._user}:{uid}:{key}".encode()).decode()
        with _LOCK:
            _KEPT[self._key] = f"Session {token}"
        return f"Session {token}"

    def _session_of(self, response: httpx.Response) -> tuple[int, str]:
        status = response.status_code
        if status in (_UNKNOWN_SESSION, _FORBIDDEN):
            raise Misconfigured(
                f"Tryton refuses the user {self._user}: check user name and password"
            )
        if status == httpx.codes.NOT_FOUND:
            raise Misconfigured(
                f"there is no Tryton database at {self._address}: check address and database"
            )
        if status == httpx.codes.TOO_MANY_REQUESTS or status >= 500:
            raise Transient(
                f"Tryton's login answered {status}; it is tried again", retry_after(response)
            )
        if status >= 300:
            raise Misconfigured(
                f"Tryton's login at {self._address} answered {status}: check the address"
            )
        return self._understood(response)

    def _understood(self, response: httpx.Response) -> tuple[int, str]:
        try:
            answer = wire.loads(response.content)
            if answer.get("error"):
                raise Misconfigured(
                    f"Tryton asks the user {self._user} for more than a password: give omsauto "
                    "a user that logs in with its password alone"
                )
            uid, key = answer["result"][:2]
            return int(uid), str(key)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise Transient(f"Tryton's login at {self._address} makes no sense") from error


def call_request(address: str, method: str, parameters: list[Any]) -> httpx.Request:
    return httpx.Request(
        "POST",
        address,
        content=wire.dumps({"id": 0, "method": method, "params": parameters}),
        headers={"Content-Type": "application/json"},
    )
