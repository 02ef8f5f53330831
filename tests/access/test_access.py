"""Every address, with every method, as everybody: who gets in where, as docs/access.md says."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import time_machine
from django.db import connection, transaction
from django.http.response import HttpResponseBase
from django.test.utils import CaptureQueriesContext

from channels.connectors.sandbox_shop import SandboxShop
from tests.access.people import MARK, RANKS, Person, Place, everybody
from tests.access.rules import METHODS, ROUTES, RULES, Rule, rule_of
from tests.builders import NOW
from tests.hooks import quiet_platform

BODIES = {
    "api/v1/channels/": {
        "name": "New",
        "connector": "sandbox_shop",
        "settings": {"url": "https://shop.example.com"},
        "secrets": {"token": "t"},
    },
    "channels/<int:channel_id>/sync/": {"type": "receive_orders"},
    "api/v1/products/": {"sku": "NEW"},
    "api/v1/channels/<int:channel>/stock-file/": {"csv": "sku,on_hand\n"},
    "api/v1/channels/<int:channel>/mappings/": {"topic": "order.noted", "type": "receive_orders"},
    "api/v1/channels/<int:channel>/sku-mappings/": {"channel_sku": "CUP", "sku": "MUG"},
    "api/v1/channels/<int:channel>/sku-mappings/import/": {"csv": "channel_sku,sku\nCUP,MUG\n"},
}
"""What a call must carry to get as far as it is allowed to; an empty form elsewhere."""
OWN_TRACES = ("django_session", "accounts_apitoken", "axes_accessattempt", "SAVEPOINT")
"""What a refused call may leave behind: the login it came by, the last use of its token."""
NAMES = (
    "anonymous", "wrong token", "nobody", "stranger", "superuser", "viewer", "operator", "admin",
    "token of nobody", "token of a stranger", "token for elsewhere", "token of viewer",
    "token of operator", "token of admin", "admin's token as viewer", "admin's token as operator",
    "admin's token as admin", "viewer's token as admin",
)  # fmt: skip
IN_BROWSERS = tuple(name for name in NAMES if "token" not in name)
KINDS = {
    "pages": (*IN_BROWSERS, "wrong token", "token of admin"),
    "api": NAMES,
    "administration": (*IN_BROWSERS, "token of admin"),
    "webhooks": ("anonymous", "admin", "token of admin"),
}
"""Which persons are told apart where."""


def kind_of(route: str) -> str:
    start = route.partition("/")[0]
    return {"api": "api", "admin": "administration", "webhooks": "webhooks"}.get(start, "pages")


@pytest.fixture(autouse=True)
def _platform(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    quiet_platform(monkeypatch)
    monkeypatch.setattr(SandboxShop, "custom_topics", True)
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def place(db: None) -> Place:
    return Place()


def test_every_address_has_a_rule(record_property: Callable[[str, object], None]) -> None:
    without = [route for route in ROUTES if rule_of(route) is None]
    share = 100 * (len(ROUTES) - len(without)) / len(ROUTES)
    calls = sum(len(METHODS) * len(KINDS[kind_of(route)]) for route in ROUTES)
    record_property(
        "told", f"rules of access cover {share:.0f} % of {len(ROUTES)} addresses, {calls} calls"
    )
    rows = [f"| `/{route}` | viewer | — | — | — |" for route in without]
    assert not without, "say in docs/access.md who may call them:\n" + "\n".join(rows)


def test_every_rule_has_its_address() -> None:
    assert [rule.route for rule in RULES if not any(map(rule.covers, ROUTES))] == []
    exact = [rule.route for rule in RULES]
    assert len(exact) == len(set(exact))


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, names in KINDS.items() for name in names]
)
def test_everybody_gets_in_where_they_may_and_nowhere_else(
    place: Place, kind: str, name: str
) -> None:
    people = everybody(place.account)
    assert [person.name for person in people] == list(NAMES)
    person = people[NAMES.index(name)]
    chosen = [route for route in ROUTES if kind_of(route) == kind]
    assert chosen
    faults = [
        f"{method} /{route}: {fault}"
        for route in chosen
        for method in (*METHODS, *(["PUT"] if name == "admin" else []))
        if (fault := try_one(place, person, route, method))
    ]
    assert not faults, "\n".join([f"as {name}:", *faults])


def try_one(place: Place, person: Person, route: str, method: str) -> str:
    """Make the call and undo it; what is wrong with the answer, "" where nothing is."""
    rule = rule_of(route)
    assert rule is not None
    body = {"account": place.account.pk} if route == "accounts/switch/" else BODIES.get(route, {})
    with transaction.atomic():
        with CaptureQueriesContext(connection) as queries:
            answer = person.call(method, place.path(route), body)
        transaction.set_rollback(True)
    fault = judge(answer, person, rule.needs.get(method, "—"), rule)
    if not fault and outcome(answer) in REFUSED and not route.startswith("webhooks/"):
        written = [query["sql"] for query in queries if wrote(query["sql"])]
        fault = f"refused, and wrote {written[0]}" if written else ""
    return fault


def wrote(sql: str) -> bool:
    is_write = sql.startswith(("INSERT", "UPDATE", "DELETE"))
    return is_write and not any(word in sql for word in OWN_TRACES)


def judge(answer: HttpResponseBase, person: Person, needed: str, rule: Rule) -> str:
    expected = expectation(person, needed, rule)
    found = outcome(answer)
    if found not in expected:
        return f"{found} where {needed} is needed; right were {' or '.join(sorted(expected))}"
    if not person.role and needed not in OPEN and MARK in text_of(answer):
        return f"{found}, and the answer names what belongs to the account"
    return ""


def outcome(answer: HttpResponseBase) -> str:
    """ "in" also where a form lacks its fields (400), or something cannot be done now (409)."""
    code = answer.status_code
    if code == 302 and answer["Location"].startswith(("/login/", "/admin/login/")):
        return "login"
    return "in" if code in (200, 201, 202, 204, 302, 400, 409, 503) else str(code)


OPEN = ("public", "invited")
REFUSED = {"login", "401", "403", "404", "405"}


def expectation(person: Person, needed: str, rule: Rule) -> set[str]:
    """The outcomes that are right."""
    if rule.route.startswith("api/"):
        return of_api(person, needed, rule)
    if rule.route.startswith("webhooks/"):
        return {"401"} if needed == "signature" else {"405"}
    if needed == "public":
        return {"in", "login"}
    if needed == "invited":
        return {"403"} if person.by == "session" else {"in"}
    if person.by != "session":
        return {"login", "405"} if needed == "—" else {"login"}
    if rule.route == "admin/**":
        return {"in", "403", "404", "405"} if person.is_staff else {"login"}
    if needed == "—":
        return {"405"}
    if needed in ("login", "staff"):
        return {"in"} if needed == "login" or person.is_staff else {"403"}
    return of_members(person, needed, rule) if person.is_member else {"403"}


def of_api(person: Person, needed: str, rule: Rule) -> set[str]:
    if person.name == "wrong token":
        return {"401"}
    if needed == "public":
        return {"in"}
    if not person.by:
        return {"401"} if rule.needs["GET"] != "public" else {"405"}
    if needed != "—":
        return of_members(person, needed, rule)
    # Views that look their object up first say of it what they would say to any method.
    return {"405"} | (of_members(person, "admin", rule) - {"in"})


def of_members(person: Person, needed: str, rule: Rule) -> set[str]:
    if not person.role:
        # Addresses that name nothing of an account answer from the caller's own one, if any.
        return {"404"} if "<" in rule.route else {"in", "403", "404"}
    return {"in"} if RANKS.index(person.role) >= RANKS.index(needed) else {"403"}


def text_of(answer: HttpResponseBase) -> str:
    return b"".join(answer).decode()


@pytest.mark.parametrize("name", ["nobody", "token of nobody"])
def test_who_is_member_nowhere_can_make_nothing(place: Place, name: str) -> None:
    """Addresses that name no account: there is none to fall back to."""
    person = everybody(place.account)[NAMES.index(name)]
    for route in ("api/v1/channels/", "api/v1/products/"):
        with transaction.atomic():
            answer = person.call("POST", f"/{route}", BODIES[route])
        assert answer.status_code in (400, 403, 404), route
