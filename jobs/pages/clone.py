"""A new account made after the pattern of this one."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from accounts.models import Role
from jobs import cloning
from jobs.pages.here import CHOSEN, Here, page


class CloneForm(forms.Form):
    name = forms.CharField(label="Name of the new account", max_length=120)
    with_members = forms.BooleanField(
        required=False,
        label="The same members",
        help_text="Each with the role they have here. Without it you are the only one.",
    )


@page("GET", "POST")
def clone_account(here: Here) -> HttpResponse:
    """Asks for a name; leads to the new account."""
    here.require(Role.ADMIN)
    posted = here.request.method == "POST"
    form = CloneForm(here.request.POST if posted else None)
    if not posted or not form.is_valid():
        channels = here.account.channels.present().count()
        context = {"form": form, "refused": posted, "channels": channels, "nav_current": "account"}
        return here.render("accounts/clone.html", context)
    new = cloning.clone(
        here.account,
        form.cleaned_data["name"],
        here.at,
        here.user,
        with_members=form.cleaned_data["with_members"],
    )
    here.request.session[CHOSEN] = new.pk
    messages.success(
        here.request,
        f"{new} is a clone of {here.account}. Its channels are disabled: enter the secrets of "
        "each, test its connection, then enable it.",
    )
    return redirect("overview")
