"""Pages outside any account: accepting an invitation, one's password, one's other logins."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import access, invitations, sessions
from accounts.forms import ChangePasswordForm, JoinForm, PasswordForm
from accounts.members import NotAllowed
from accounts.models import Invitation, Role, User


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """The page of an invitation's link; all it tells of the account to whoever holds it is a name.

    Users accept; somebody new becomes a user with the same form.
    """
    at = timezone.now()
    found = invitations.find(token)
    if found is None or found.accepted_at is not None or found.expires_at <= at:
        used = found is not None and found.accepted_at is not None
        values: dict[str, object] = {"invitation": found, "used": used}
        status = 404 if found is None else 410
        return render(request, "accounts/invitation_ended.html", values, status=status)
    if not isinstance(request.user, User):
        return _newcomer(request, found)
    if not invitations.is_for(found, request.user.email):
        return render(request, "accounts/invitation_other.html", {"invitation": found}, status=403)
    if request.method == "POST":
        return _accepted(request, found, request.user)
    values = {"invitation": found, "meaning": access.MEANING[Role(found.role)]}
    return render(request, "accounts/invitation.html", values)


def _accepted(request: HttpRequest, found: Invitation, user: User) -> HttpResponse:
    try:
        invitations.accept(found, user, timezone.now())
    except NotAllowed as refused:
        return _refused(request, found, refused)
    return _enter(request, found)


def _newcomer(request: HttpRequest, found: Invitation) -> HttpResponse:
    form = JoinForm(found, request.POST if request.method == "POST" else None)
    if form.is_valid():
        name, password = form.cleaned_data["name"], form.cleaned_data["password"]
        try:
            user = invitations.join(found, name, password, timezone.now())
        except NotAllowed as refused:
            form.add_error(None, str(refused))
        else:
            sessions.log_in(request, user, timezone.now())
            return _enter(request, found)
    values = {"invitation": found, "form": form}
    status = 400 if form.is_bound else 200
    return render(request, "accounts/invitation_new.html", values, status=status)


def _refused(request: HttpRequest, found: Invitation, refused: NotAllowed) -> HttpResponse:
    values = {"invitation": found, "reason": str(refused)}
    return render(request, "accounts/invitation_ended.html", values, status=410)


def _enter(request: HttpRequest, found: Invitation) -> HttpResponse:
    request.session[access.CHOSEN] = found.account_id
    messages.success(request, f"You are a member of {found.account} now.")
    return redirect("/")


class ChangePassword(PasswordChangeView):
    """Every other login of the user ends with the old password."""

    http_method_names = ["get", "head", "post", "options"]
    form_class = ChangePasswordForm
    template_name = "accounts/password.html"
    success_url = "/"

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "request": self.request}

    def form_valid(self, form: object) -> HttpResponse:
        answer = super().form_valid(form)  # type: ignore[arg-type]  # the form it made itself
        messages.success(self.request, "Your password is changed. Other browsers are logged out.")
        return answer

    def form_invalid(self, form: object) -> HttpResponse:
        answer = super().form_invalid(form)  # type: ignore[arg-type]  # the form it made itself
        answer.status_code = 400
        return answer


@login_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def log_out_elsewhere(request: HttpRequest) -> HttpResponse:
    """End every session of the user but this one."""
    user = cast(User, request.user)
    form = PasswordForm(request, user)
    if not form.is_valid():
        status = 400 if form.is_bound else 200
        return render(request, "accounts/log_out_elsewhere.html", {"form": form}, status=status)
    sessions.end_others(request, user, form.cleaned_data["password"])
    messages.success(request, "Every other browser is logged out. API tokens go on.")
    return redirect("/")
