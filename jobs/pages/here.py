"""Who looks at a page, in which account, and what they may do there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from typing import Concatenate, ParamSpec
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect, render
from django.utils import timezone

from accounts import access
from accounts.models import Account, Role, User
from channels.models import Channel
from jobs.pages.paging import number

P = ParamSpec("P")
KEY = "omsauto.here"
CHOSEN = access.CHOSEN


@dataclass
class Here:
    """One request of a member. `at` is the instant the page speaks of."""

    request: HttpRequest
    user: User
    account: Account
    role: Role
    accounts: list[Account]
    at: datetime = field(default_factory=timezone.now)

    @property
    def may_operate(self) -> bool:
        return access.may(self.role, Role.OPERATOR)

    @property
    def may_admin(self) -> bool:
        return access.may(self.role, Role.ADMIN)

    @property
    def is_htmx(self) -> bool:
        return self.request.headers.get("HX-Request") == "true"

    def require(self, needed: Role) -> None:
        """Raise PermissionDenied below the needed role."""
        access.require(self.user, self.account, needed)

    def enter(self, account_id: int) -> None:
        """Go on in another account of the user's; Http404 where they are no member.

        Following a link to what another account owns chooses that account.
        """
        if account_id != self.account.pk:
            found = [account for account in self.accounts if account.pk == account_id]
            if not found:
                raise Http404("No such account.")
            self.account = found[0]
            self.role = access.require(self.user, self.account, Role.VIEWER)
            self.request.session[CHOSEN] = account_id
        timezone.activate(ZoneInfo(self.account.timezone))

    def channels_to_choose(self) -> QuerySet[Channel]:
        """For the filter of a list: those that are there, and one that is gone if it is asked for.

        Without it the filter would say "All" above the rows of one.
        """
        asked = Q(pk=number(self.request, "channel"))
        return self.account.channels.filter(Q(deleted_at=None) | asked)

    def render(self, template: str, context: dict[str, object] | None = None) -> HttpResponse:
        """The template with `here`, and status 400 where `context` carries `refused`."""
        values = {"here": self, "at": self.at, **(context or {})}
        status = 400 if values.get("refused") else 200
        return render(self.request, template, values, status=status)


def find_here(request: HttpRequest) -> Here | None:
    """The member's place: the account chosen in the session, else the first; None without one."""
    if not isinstance(request.user, User):
        return None
    accounts = list(access.accounts_of(request.user))
    if not accounts:
        return None
    chosen = request.session.get(CHOSEN)
    account = next((account for account in accounts if account.pk == chosen), accounts[0])
    role = access.require(request.user, account, Role.VIEWER)
    here = Here(request, request.user, account, role, accounts)
    here.enter(account.pk)
    return here


View = Callable[Concatenate[Here, P], HttpResponse]


def page(*methods: str) -> Callable[[View[P]], Callable[Concatenate[HttpRequest, P], HttpResponse]]:
    """A page for members: asks strangers to log in, answers the methods named (GET if none)."""
    allowed = (*(methods or ("GET",)), "HEAD")

    def decorate(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
        @wraps(view)
        def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                return _ask_to_log_in(request)
            if request.method not in allowed:
                return HttpResponseNotAllowed(allowed)
            try:
                here = find_here(request)
                if here is None:
                    return render(request, "accounts/no_account.html", status=403)
                request.META[KEY] = here
                return view(here, *args, **kwargs)
            except access.SecondFactorNeeded as needed:
                return _lead_to_second_factor(request, needed)

        return answer

    return decorate


def _ask_to_log_in(request: HttpRequest) -> HttpResponse:
    if request.headers.get("HX-Request") == "true":
        # A login page swapped into a part of this one would be no help.
        return HttpResponse(headers={"HX-Refresh": "true"})
    target = request.get_full_path() if request.method == "GET" else "/"
    return redirect_to_login(target)


def _lead_to_second_factor(request: HttpRequest, needed: access.SecondFactorNeeded) -> HttpResponse:
    messages.warning(request, str(needed))
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(headers={"HX-Redirect": "/second-factor/"})
    return redirect("second_factor")


def find_channel(here: Here, channel_id: int, needed: Role = Role.VIEWER) -> Channel:
    """A channel that the user may see; enters its account and checks the role needed."""
    mine = Channel.objects.present().filter(account__in=here.accounts)
    channel = mine.select_related("account").filter(pk=channel_id).first()
    if channel is None:
        raise Http404("No such channel.")
    here.enter(channel.account_id)
    here.require(needed)
    return channel
