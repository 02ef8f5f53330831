"""Connecting a new channel: choose the platform, then name it and enter its connection."""

from __future__ import annotations

from datetime import datetime

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from accounts.calendar import validate_instant
from accounts.models import Role
from channels.connectors.base import Connector
from channels.connectors.registry import CONNECTORS
from channels.enums import Kind, Track
from channels.models import Channel
from jobs.pages.connection_form import ConnectionForm
from jobs.pages.here import Here, page
from jobs.saving import create

_TRACK_HELP = "Beta: its own periods and delays. Stable: those of the account's Recurring Jobs."


_SYNC_FROM_HELP = (
    "Nothing that was last changed before is ever received. Empty: from now on. An earlier time "
    "brings the products, the stock or the orders that are there already."
)


class NewChannelForm(forms.Form):
    """`sync_from` is entered in the account's time zone."""

    name = forms.CharField(max_length=120)
    track = forms.ChoiceField(choices=Track.choices, initial=Track.BETA, help_text=_TRACK_HELP)
    sync_from = forms.DateTimeField(
        label="Synchronize from",
        required=False,
        validators=[validate_instant],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        help_text=_SYNC_FROM_HELP,
    )

    def clean_sync_from(self) -> datetime | None:
        moment: datetime | None = self.cleaned_data["sync_from"]
        if moment and moment > timezone.now():
            raise forms.ValidationError("This lies in the future: leave it empty to begin now.")
        return moment


@page("GET", "POST")
def new_channel(here: Here) -> HttpResponse:
    here.require(Role.OPERATOR)
    data = here.request.POST if here.request.method == "POST" else here.request.GET
    kind = data.get("kind")
    connector = CONNECTORS.get(data.get("connector", ""))
    if connector is None:
        return _choose(here, Kind.FULFILLMENT if kind == Kind.FULFILLMENT else Kind.SALES)
    if here.request.method == "GET":
        return _ask(here, connector, NewChannelForm(), _connection(connector))
    form, connection = NewChannelForm(data), _connection(connector, here)
    if not all([form.is_valid(), connection.is_valid()]):
        return _ask(here, connector, form, connection, refused=True)
    channel = _create(here, connector, form, connection)
    messages.success(
        here.request,
        f"{channel} is there, with every period None: nothing runs yet. Test its connection next.",
    )
    return redirect("first_run", channel.pk)


def _connection(connector: type[Connector], here: Here | None = None) -> ConnectionForm:
    return ConnectionForm(connector, {}, {}, here.request.POST if here else None, new=True)


def _choose(here: Here, kind: Kind) -> HttpResponse:
    offered = [(c.id, c.label) for c in CONNECTORS.values() if c.kind == kind]
    context: dict[str, object] = {"kind": kind, "connectors": offered, "nav_current": kind}
    return here.render("jobs/channel_choose.html", context)


def _ask(
    here: Here,
    connector: type[Connector],
    form: NewChannelForm,
    connection: ConnectionForm,
    *,
    refused: bool = False,
) -> HttpResponse:
    context = {
        "connector": {"id": connector.id, "label": connector.label},
        "form": form,
        "connection": connection,
        "kind": connector.kind,
        "nav_current": connector.kind,
        "refused": refused,
    }
    return here.render("jobs/channel_new.html", context)


def _create(
    here: Here, connector: type[Connector], form: NewChannelForm, connection: ConnectionForm
) -> Channel:
    entered = {name: value for name, value in form.cleaned_data.items() if value is not None}
    values = {
        **entered,
        "connector": connector.id,
        "settings": connection.settings_changed,
        "secrets": connection.secrets_changed,
    }
    return create(here.account, values, here.at, here.user)
