"""Which database a request reads."""

from __future__ import annotations

import pytest
from django.contrib.sessions.models import Session
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from accounts.models import User
from channels.models import Channel
from jobs.models import Run
from omsauto import replica

ROUTER = replica.PagesRouter()


def read_by(request: HttpRequest) -> dict[str, str]:
    """Where a view under this request would read each kind of thing."""
    found: dict[str, str] = {}

    def view(_request: HttpRequest) -> HttpResponse:
        for model in (Run, Channel, User, Session):
            found[model.__name__] = ROUTER.db_for_read(model)
        return HttpResponse()

    replica.respond(request, view)
    return found


def test_a_page_reads_its_records_from_the_replica_and_who_may_see_them_from_the_primary() -> None:
    assert read_by(RequestFactory().get("/runs/")) == {
        "Run": "replica",
        "Channel": "replica",
        "User": "default",
        "Session": "default",
    }


@pytest.mark.parametrize("path", ["/api/v1/runs/", "/login/", "/admin/"])
def test_programs_and_logins_read_the_primary(path: str) -> None:
    assert {*read_by(RequestFactory().get(path)).values()} == {"default"}


def test_a_change_reads_the_primary() -> None:
    assert {*read_by(RequestFactory().post("/channels/1/")).values()} == {"default"}


def test_whoever_changed_something_reads_the_primary_for_a_while() -> None:
    factory = RequestFactory()
    changed = replica.respond(factory.post("/channels/1/"), lambda _: HttpResponse())
    cookie = changed.cookies[replica.COOKIE]

    assert cookie["max-age"] == replica.CHANGED_SECONDS
    factory.cookies[replica.COOKIE] = cookie.value
    assert {*read_by(factory.get("/runs/")).values()} == {"default"}


def test_a_request_that_writes_reads_what_it_wrote() -> None:
    def view(_request: HttpRequest) -> HttpResponse:
        assert ROUTER.db_for_read(Run) == "replica"
        assert ROUTER.db_for_write(Run) == "default"
        assert ROUTER.db_for_read(Run) == "default"
        return HttpResponse()

    replica.respond(RequestFactory().get("/"), view)


def test_nothing_outside_of_a_page_reads_the_replica() -> None:
    read_by(RequestFactory().get("/runs/"))

    assert ROUTER.db_for_read(Run) == "default"


def test_a_page_that_fails_leaves_no_trace() -> None:
    def view(_request: HttpRequest) -> HttpResponse:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        replica.respond(RequestFactory().get("/"), view)

    assert ROUTER.db_for_read(Run) == "default"


def test_a_replica_is_never_migrated() -> None:
    assert ROUTER.allow_migrate("replica", "jobs") is False
    assert ROUTER.allow_migrate("default", "jobs") is None


def test_without_a_replica_requests_do_not_pass_here() -> None:
    with pytest.raises(MiddlewareNotUsed):
        replica.pages_from_replica(lambda _: HttpResponse())
