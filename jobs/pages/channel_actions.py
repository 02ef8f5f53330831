"""What an operator does to a channel at once: run a job, test, enable, disable, delete."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect

from accounts.models import Role
from channels.enums import Kind
from channels.models import Channel
from jobs import circuits, configure, connection, control, probing, subscriptions
from jobs.change import Change, Refused
from jobs.consequences import Consequence
from jobs.models import Job
from jobs.pages.here import Here, find_channel, page
from jobs.saving import delete_channel

WAITS = (
    "The channel's circuit is open, so the run waits: it starts when the platform answers again. "
    "Probe now on the channel's page asks it at once."
)


@page("POST")
def sync(here: Here, channel_id: int) -> HttpResponse:
    """Run the job type named `type` now; leads to the run it opened or joined."""
    channel = find_channel(here, channel_id, Role.OPERATOR)
    job = Job.objects.with_channel().filter(channel=channel, type=here.request.POST.get("type", ""))
    found = job.first()
    if found is None:
        raise Http404("No such job.")
    try:
        ticket = control.run_now(found, here.at, here.user)
    except control.NotNow as reason:
        messages.error(here.request, str(reason))
        return redirect("channel", channel.pk)
    if comes_from_first_run(here):
        return redirect("first_run", channel.pk)
    if ticket.run is None:
        messages.warning(here.request, "Nothing was started: a run of this job is under way.")
        return redirect("channel", channel.pk)
    if not ticket.opened:
        messages.info(here.request, "A run was open already; this request joined it.")
    if circuits.open_ones([channel.pk]):
        messages.warning(here.request, WAITS)
    return redirect("run", ticket.run.pk)


@page("POST")
def test_connection(here: Here, channel_id: int) -> HttpResponse:
    """One authenticated call to the platform with the stored settings."""
    channel = find_channel(here, channel_id, Role.OPERATOR)
    found = connection.test(channel, here.at, here.user)
    if here.is_htmx:
        tone = "ok" if found.works else "bad"
        return here.render("_partials/_notice.html", {"tone": tone, "text": found.text})
    if comes_from_first_run(here):
        return redirect("first_run", channel.pk)
    level = messages.SUCCESS if found.works else messages.ERROR
    messages.add_message(here.request, level, found.text)
    return HttpResponseRedirect(f"/channels/{channel.pk}/#connection")


@page("POST")
def probe_channel(here: Here, channel_id: int) -> HttpResponse:
    """Ask a platform whose circuit is open now, whenever the next probe would have been."""
    channel = find_channel(here, channel_id, Role.OPERATOR)
    found = probing.probe_now(channel, here.at)
    if found is None:
        messages.info(here.request, "There is nothing to probe: it was done, or is under way.")
    else:
        level = messages.SUCCESS if found.works else messages.ERROR
        messages.add_message(here.request, level, found.text)
    return redirect("channel", channel.pk)


def comes_from_first_run(here: Here) -> bool:
    """Does the form that was sent stand on the way to the first run, and so lead back there?"""
    return here.request.POST.get("next") == "first_run"


@page("GET", "POST")
def enable(here: Here, channel_id: int) -> HttpResponse:
    return _switch(here, channel_id, enabled=True)


@page("GET", "POST")
def disable(here: Here, channel_id: int) -> HttpResponse:
    return _switch(here, channel_id, enabled=False)


def _switch(here: Here, channel_id: int, *, enabled: bool) -> HttpResponse:
    """Asks first, telling the consequences; a POST does it."""
    channel = find_channel(here, channel_id, Role.OPERATOR)
    change = Change(channels={channel.pk: {"enabled": enabled}})
    verb = "Enable" if enabled else "Disable"
    if here.request.method == "POST":
        configure.apply(here.account, change, here.at, here.user)
        messages.success(here.request, f"{channel} is {verb.lower()}d.")
        return redirect("channel", channel.pk)
    context = {
        "channel": channel,
        "nav_current": channel.kind,
        "verb": verb,
        "enabled": enabled,
        "changes": configure.preview(here.account, change, here.at),
    }
    return here.render("jobs/channel_switch.html", context)


@page("GET", "POST")
def delete(here: Here, channel_id: int) -> HttpResponse:
    """Asks for the channel's name, then deletes it; its records and runs stay."""
    channel = find_channel(here, channel_id, Role.OPERATOR)
    typed = here.request.POST.get("name", "").strip()
    posted = here.request.method == "POST"
    changes, obstacle = _deletion(here, channel)
    registers = channel.connector_class.registers_webhooks
    if posted and typed == channel.name and not obstacle:
        delete_channel(channel, here.at, here.user)
        messages.success(here.request, f"{channel} was deleted.")
        if registers and "remove_webhooks" in here.request.POST:
            _remove_webhooks(here, channel)
        return redirect(list_name(channel))
    context = {
        "channel": channel,
        "nav_current": channel.kind,
        "changes": changes,
        "is_default": here.account.default_fulfillment_channel_id == channel.pk,
        "obstacle": obstacle,
        "typed": typed,
        "registers_webhooks": registers,
        "removes_webhooks": not posted or "remove_webhooks" in here.request.POST,
        "refused": posted,
    }
    return here.render("jobs/channel_delete.html", context)


def _remove_webhooks(here: Here, channel: Channel) -> None:
    """Of a channel that is deleted already: where it fails, somebody must do it by hand."""
    try:
        problems = subscriptions.remove(channel, here.at, here.user).problems
    except subscriptions.TROUBLE as error:
        problems = [subscriptions.said(channel, error)]
    if problems:
        messages.warning(
            here.request,
            "Its webhooks at the platform may be there still, remove them there: "
            f"{' '.join(problems)}",
        )


def _deletion(here: Here, channel: Channel) -> tuple[list[Consequence], str]:
    """(what deleting does, why it cannot be done)"""
    change = Change(channels={channel.pk: {"deleted_at": here.at}})
    try:
        return configure.preview(here.account, change, here.at), ""
    except Refused as refused:
        return [], str(refused)


def list_name(channel: Channel) -> str:
    """The URL name of the list this channel is on."""
    return "sales_channels" if channel.kind == Kind.SALES else "fulfillment_channels"
