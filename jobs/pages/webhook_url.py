"""A channel's webhook URL: its renewal, and the end of the former one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse

from accounts.models import Role
from channels.models import Channel
from jobs import webhook_addresses
from jobs.pages.here import Here, find_channel, page
from jobs.pages.webhook_secret import GRACES, USUAL_GRACE


class RenewalForm(forms.Form):
    """For how many minutes the present URL is accepted beside the new one."""

    grace_minutes = forms.TypedChoiceField(
        label="The present URL is accepted for", choices=GRACES, coerce=int, initial=USUAL_GRACE
    )


@page("GET", "POST")
def renew(here: Here, channel_id: int) -> HttpResponse:
    """The form; a POST gives the channel a new URL."""
    channel = find_channel(here, channel_id, Role.OPERATOR)
    sent = here.request.POST if here.request.method == "POST" else None
    form = RenewalForm(sent)
    if sent is None or not form.is_valid():
        return _render(here, channel, form)
    webhook_addresses.renew(channel, form.cleaned_data["grace_minutes"], here.at, here.user)
    messages.success(here.request, "The channel has a new webhook URL.")
    if channel.connector_class.registers_webhooks:
        text = "The platform's webhooks must be registered again, so that it sends to the new URL."
    else:
        text = "Enter the new URL at the platform: it sends to the former one until then."
    messages.warning(here.request, text)
    return _back(channel)


@page("POST")
def end(here: Here, channel_id: int) -> HttpResponse:
    """From now on the present URL alone is accepted."""
    channel = find_channel(here, channel_id, Role.OPERATOR)
    if webhook_addresses.end_grace(channel, here.at, here.user):
        messages.success(here.request, "The former webhook URL is no longer accepted.")
    else:
        messages.info(here.request, "The former webhook URL had ended already.")
    return _back(channel)


def _back(channel: Channel) -> HttpResponseRedirect:
    return HttpResponseRedirect(f"{reverse('channel', args=[channel.pk])}?tab=webhooks")


def _render(here: Here, channel: Channel, form: RenewalForm) -> HttpResponse:
    context: dict[str, Any] = {
        "channel": channel,
        "form": form,
        "former_url_holds": channel.former_token_until is not None,
        "registers_webhooks": channel.connector_class.registers_webhooks,
        "nav_current": channel.kind,
        "refused": bool(form.errors),
    }
    return here.render("jobs/webhook_url.html", context)
