"""The JSON-RPC of a pretended Tryton: sessions, methods, errors that come as HTTP 200.

    with TrytonServer() as tryton:
        connector = tryton.connector()
        tryton.business.ship(...)

What it answers was seen on Tryton 7.0: `tests/real/test_tryton.py` asks that one the same.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

import httpx

from channels.connectors.tryton import Tryton, wire
from tests.fake_tryton.business import Business
from tests.fake_tryton.schema import MODELS
from tests.fake_tryton.tables import UserError, check_path

DATABASE, USER, PASSWORD = "pretended", "omsauto", "steep-leaves-42"
FORBIDDEN = "<!doctype html><title>403 Forbidden</title>"
NOTHING_THERE = "<!doctype html><title>404 Not Found</title>"
UNAUTHORIZED = "<!doctype html><title>401 Unauthorized</title>"


class Warning_(Exception):
    """One that must be acknowledged by name."""


class TrytonServer:
    """`calls`: the methods called so far. `lose_answer_of`: the number of the call, from 1, that
    is carried out and never answered. `ignored`: methods that answer well and do nothing.
    `warnings`: by method, the names that must be acknowledged first. `broken`: by method, what
    is answered as `error`. `statuses`: HTTP statuses of the next calls, before anything is done.
    """

    url = "http://tryton.test"

    def __init__(self) -> None:
        self.business = Business()
        self.preferences: dict[str, Any] = {"company": self.business.company, "language": "en"}
        self.password = PASSWORD
        self.sessions: set[str] = set()
        self.logins = 0
        self.calls: list[str] = []
        self.lose_answer_of: int | None = None
        self.ignored: set[str] = set()
        self.warnings: dict[str, list[str]] = {}
        self.acknowledged: list[str] = []
        self.broken: dict[str, list[Any]] = {}
        self.statuses: list[httpx.Response] = []
        self.bodies: list[str] = []
        self._client = httpx.Client(transport=httpx.MockTransport(self._answer))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def connector(
        self,
        log: Callable[[str, str], None] | None = None,
        password: str = PASSWORD,
        **settings: str,
    ) -> Tryton:
        where = {"url": self.url, "database": DATABASE, "username": USER}
        made = Tryton({**where, **settings}, {"password": password}, self._client)
        made.log = log or made.log
        return made

    def forget_sessions(self) -> None:
        self.sessions.clear()

    # HTTP

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.method != "POST" or request.url.path != f"/{DATABASE}/":
            return httpx.Response(404, html=NOTHING_THERE)
        if self.statuses:
            return self.statuses.pop(0)
        call = wire.loads(request.content.decode())
        assert set(call) == {"id", "method", "params"}
        if call["method"] == "common.db.login":
            return self._log_in(*call["params"])
        if not self._is_known(request.headers.get("authorization", "")):
            return httpx.Response(401)
        return self._carry_out(call["method"], call["params"])

    def _carry_out(self, method: str, params: list[Any]) -> httpx.Response:
        self.calls.append(method)
        if self.bodies:
            return httpx.Response(200, text=self.bodies.pop(0))
        try:
            answer = {"id": 1, "result": self._result(method, params)}
        except PermissionError:
            return httpx.Response(403, html=FORBIDDEN)
        except UserError as error:
            answer = {"id": 1, "error": ["UserError", [str(error), "", None]]}
        except Warning_ as warning:
            said = [str(warning), "Are you sure?", ""]
            answer = {"id": 1, "error": ["UserWarning", said]}
        except KeyError as error:
            answer = {"id": 1, "error": [str(error), "Traceback (most recent call last): ..."]}
        if method in self.broken:
            answer = {"id": 1, "error": self.broken[method]}
        if len(self.calls) == self.lose_answer_of:
            raise httpx.ReadError("the connection was lost")
        return httpx.Response(200, text=wire.dumps(answer))

    def _log_in(self, user: str, parameters: dict[str, str]) -> httpx.Response:
        if (user, parameters.get("password")) != (USER, self.password):
            return httpx.Response(401, html=UNAUTHORIZED)
        self.logins += 1
        key = f"key{self.logins}"
        self.sessions.add(f"{user}:2:{key}")
        return httpx.Response(200, json={"id": 0, "result": [2, key]})

    def _is_known(self, header: str) -> bool:
        scheme, _, token = header.partition(" ")
        return scheme == "Session" and b64decode(token).decode() in self.sessions

    # Methods

    def _result(self, method: str, params: list[Any]) -> Any:
        """The last parameter is the context."""
        kind, _, rest = method.partition(".")
        model, _, name = rest.rpartition(".")
        *arguments, context = params
        assert kind == "model"
        if rest == "res.user.get_preferences":
            return self.preferences
        if rest == "res.user.warning.skip":
            self.acknowledged.append(arguments[0])
            return None
        assert context["company"] == self.preferences["company"]
        MODELS[model]
        self._warn(rest)
        if rest in self.ignored:
            return None
        return self._method(model, name)(model, *arguments, context)

    def _warn(self, method: str) -> None:
        for name in self.warnings.get(method, []):
            if name not in self.acknowledged:
                raise Warning_(name)
            self.acknowledged.remove(name)

    def _method(self, model: str, name: str) -> Callable[..., Any]:
        if model == "sale.sale" and name in ("draft", "quote", "confirm", "process"):
            return lambda _, ids, context: self._sale_step(name, ids)
        known: dict[str, Callable[..., Any]] = {
            "search_read": self._search_read,
            "create": self._create,
            "write": self._write,
        }
        if name not in known:
            raise PermissionError(name)
        return known[name]

    def _search_read(
        self,
        model: str,
        domain: list[Any],
        offset: int,
        limit: int | None,
        order: list[list[str]],
        fields: list[str],
        context: dict[str, Any],
    ) -> list[dict[str, Any]]:
        assert order == [["id", "ASC"]]
        for path in fields:
            check_path(model, path)
        ids = self.business.tables.search(model, domain, context)[offset:]
        chosen = ids if limit is None else ids[:limit]
        return [self.business.tables.read(model, one, fields, context) for one in chosen]

    def _create(self, model: str, rows: Sequence[Any], context: dict[str, Any]) -> list[int]:
        return [self.business.create(model, values) for values in rows]

    def _write(self, model: str, ids: list[int], values: Any, context: dict[str, Any]) -> None:
        self.business.write(model, ids, values)

    def _sale_step(self, name: str, ids: list[int]) -> None:
        for sale in ids:
            self.business.sale_step(name, sale)
