"""Logging in: the password, then the code of the second factor where the user has one."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirectBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts import attempts, second_factor, sessions
from accounts.forms import CodeForm
from accounts.models import User

WAITING = "login_waits_for_code"
WAITS = timedelta(minutes=10)
WRONG = (
    "This code is not valid, or was used already. Wait for the next one in your app, or use a "
    "recovery code."
)
FEW_CODES = 3


class LogIn(LoginView):
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        user, target, at = form.get_user(), self.get_success_url(), timezone.now()
        if second_factor.is_on(user):
            _wait_for_code(self.request, user, target, at)
            return redirect("login_code")
        sessions.log_in(self.request, user, at)
        return redirect(target)


log_in = require_http_methods(["GET", "HEAD", "POST"])(LogIn.as_view())


def _wait_for_code(request: HttpRequest, user: User, target: str, at: datetime) -> None:
    """Note who proved to know their password; a session of its own, which is no login yet."""
    request.session.flush()
    request.session[WAITING] = {
        "user": user.pk,
        "since": at.isoformat(),
        # A password changed meanwhile ends the wait, as it ends sessions.
        "hash": user.get_session_auth_hash(),
        "target": target,
    }


def _waiting(request: HttpRequest, at: datetime) -> tuple[User, str] | None:
    """Who may type a code, and where it leads."""
    noted: dict[str, Any] = request.session.get(WAITING) or {}
    if not noted or at >= datetime.fromisoformat(noted["since"]) + WAITS:
        return None
    user = User.objects.filter(pk=noted["user"], is_active=True).first()
    if user is None or user.get_session_auth_hash() != noted["hash"]:
        return None
    return user, noted["target"]


@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def ask_code(request: HttpRequest) -> HttpResponse:
    """The second step; without the first one, back to it."""
    at = timezone.now()
    waiting = _waiting(request, at)
    if waiting is None:
        return redirect("login")
    user, target = waiting
    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        if not attempts.may_try_code(request, user):
            return HttpResponse(status=429)
        if second_factor.use_code(user, form.cleaned_data["code"], at):
            return _enter(request, user, target, at)
        attempts.note_wrong_code(request, user)
        form.add_error("code", WRONG)
    status = 400 if form.is_bound else 200
    return render(request, "registration/login_code.html", {"form": form}, status=status)


def _enter(request: HttpRequest, user: User, target: str, at: datetime) -> HttpResponseRedirectBase:
    attempts.forget_wrong_codes(request, user)
    del request.session[WAITING]
    sessions.log_in(request, user, at)
    left = second_factor.recovery_codes_left(user)
    if left <= FEW_CODES:
        messages.warning(request, f"Recovery codes left: {left}. Make new ones in your menu.")
    return redirect(target)


@require_safe
def log_in_to_administration(request: HttpRequest) -> HttpResponse:
    """The administration has no login of its own: there is one door, with all its locks."""
    if not request.user.is_authenticated:
        return redirect_to_login(request.GET.get("next", "/admin/"))
    if not request.user.is_staff:
        raise PermissionDenied("Only staff may use the administration.")
    return redirect("admin:index")
