"""Pages of one's own second factor: set it up, make recovery codes anew, switch it off."""

from __future__ import annotations

from io import BytesIO
from typing import cast

import segno
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts import access, second_factor, sessions
from accounts.forms import PasswordForm, SetUpForm
from accounts.models import User

_GROUP = 4
WRONG = (
    "This is not the code that belongs to this key now. Type the one that the app shows; if it "
    "is refused again, set your telephone's clock to automatic."
)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest) -> HttpResponse:
    """Where one stands; a POST begins to set up a new key."""
    user = cast(User, request.user)
    if request.method == "POST":
        second_factor.begin(user)
        return redirect("set_up_second_factor")
    context = {
        "is_on": second_factor.is_on(user),
        "codes_left": second_factor.recovery_codes_left(user),
        "demanding": access.accounts_that_require_second_factor(user),
    }
    return render(request, "accounts/second_factor.html", context)


@login_required
@never_cache
@sensitive_post_parameters("password", "code")
@require_http_methods(["GET", "HEAD", "POST"])
def set_up(request: HttpRequest) -> HttpResponse:
    """QR code and key; with a first code and the password the key is taken into use."""
    user = cast(User, request.user)
    key = second_factor.pending_key(user)
    if not key:
        return redirect("second_factor")
    form = SetUpForm(request, user)
    if form.is_valid():
        codes = second_factor.confirm(user, form.cleaned_data["code"], timezone.now())
        if codes:
            sessions.end_others(request, user, form.cleaned_data["password"])
            return _show_codes(request, codes, "Your second factor is on")
        form.add_error("code", WRONG)
    grouped = " ".join(key[at : at + _GROUP] for at in range(0, len(key), _GROUP))
    context = {"form": form, "key": grouped}
    status = 400 if form.is_bound else 200
    return render(request, "accounts/second_factor_set_up.html", context, status=status)


@login_required
@never_cache
@require_safe
def qr_code(request: HttpRequest) -> HttpResponse:
    """The key to be confirmed, for the app's camera. An address of its own: the content security
    policy takes no image that stands inside the page."""
    user = cast(User, request.user)
    key = second_factor.pending_key(user)
    if not key:
        raise Http404("Nothing is being set up.")
    image = BytesIO()
    code = segno.make(second_factor.key_uri(user, key), error="m", micro=False)
    code.save(image, kind="svg", scale=6, border=4, dark="#000", light="#fff", xmldecl=False)
    return HttpResponse(image.getvalue(), content_type="image/svg+xml")


@login_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def recovery_codes(request: HttpRequest) -> HttpResponse:
    """New recovery codes in place of the former ones, for the password."""
    user = cast(User, request.user)
    if not second_factor.is_on(user):
        return redirect("second_factor")
    form = PasswordForm(request, user)
    if form.is_valid():
        codes = second_factor.renew_recovery_codes(user)
        return _show_codes(request, codes, "New recovery codes")
    return _ask(request, form, "accounts/recovery_codes_new.html")


@login_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def switch_off(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    if not second_factor.is_on(user):
        return redirect("second_factor")
    form = PasswordForm(request, user)
    if form.is_valid():
        second_factor.switch_off(user)
        messages.success(request, "Your second factor is off. The password alone logs you in.")
        return redirect("second_factor")
    return _ask(request, form, "accounts/second_factor_off.html")


def _ask(request: HttpRequest, form: PasswordForm, template: str) -> HttpResponse:
    demanding = access.accounts_that_require_second_factor(form.user)
    context = {"form": form, "demanding": demanding}
    return render(request, template, context, status=400 if form.is_bound else 200)


def _show_codes(request: HttpRequest, codes: list[str], title: str) -> HttpResponse:
    """No redirect: the codes are in this answer alone."""
    context = {"codes": codes, "title": title}
    return render(request, "accounts/recovery_codes.html", context)
