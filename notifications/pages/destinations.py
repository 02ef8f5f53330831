"""Destinations: add, change, test, delete."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect

from accounts.models import Role
from jobs.pages.here import Here, page
from notifications import saving
from notifications.addresses import GUIDE
from notifications.forms import DestinationForm
from notifications.models import Destination


@page("GET", "POST")
def add(here: Here) -> HttpResponse:
    here.require(Role.ADMIN)
    return _edit(here, Destination(account=here.account))


@page("GET", "POST")
def change(here: Here, destination_id: int) -> HttpResponse:
    return _edit(here, find(here, destination_id))


def _edit(here: Here, destination: Destination) -> HttpResponse:
    posted = here.request.POST if here.request.method == "POST" else None
    form = DestinationForm(destination, posted)
    if posted is None or not form.is_valid():
        context = {
            "form": form,
            "destination": destination,
            "guide": GUIDE,
            "refused": posted is not None,
            "nav_current": "account",
            "rules": list(destination.rules.all()) if destination.pk else [],
        }
        return here.render("notifications/destination.html", context)
    is_new = destination.pk is None
    saved = saving.save_destination(destination, form.cleaned_data, here.at, here.user)
    if is_new:
        text = f"{saved} is added. Send a test to see that messages arrive."
    else:
        text = f"{saved} is saved."
    messages.success(here.request, text)
    return redirect("notifications")


@page("POST")
def test(here: Here, destination_id: int) -> HttpResponse:
    """Send a test message and show how that ended."""
    destination = find(here, destination_id)
    error = saving.try_destination(destination, here.at)
    if error:
        messages.error(here.request, f"The test to {destination} failed. {error}")
    else:
        messages.success(here.request, f"{destination} took the test message. See that it arrived.")
    return redirect("notifications")


@page("POST")
def delete(here: Here, destination_id: int) -> HttpResponse:
    destination = find(here, destination_id)
    saving.delete_destination(destination, here.at, here.user)
    messages.success(here.request, f"{destination} is deleted.")
    return redirect("notifications")


def find(here: Here, destination_id: int) -> Destination:
    """A destination of an account of the user's; enters it. For admins."""
    rows = Destination.objects.select_related("account").filter(account__in=here.accounts)
    found = rows.filter(pk=destination_id).first()
    if found is None:
        raise Http404("No such destination.")
    here.enter(found.account_id)
    here.require(Role.ADMIN)
    return found
