"""The tab: destinations, rules, what is broken now, the last messages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from accounts import mail
from accounts.models import Account, Role
from channels.enums import JobType
from jobs.pages.account_tabs import TABS
from jobs.pages.here import Here, page
from jobs.pages.paging import in_order, newest_first
from jobs.plan import say
from notifications import saving
from notifications.models import CauseKind, Delivery, Destination, Incident, Level, Rule
from notifications.rules import told_next
from notifications.tell import state_of, timing_of

SHOWN = 20


@dataclass(frozen=True)
class RuleLine:
    rule: Rule
    sentence: str
    names: list[str]


@dataclass(frozen=True)
class IncidentLine:
    incident: Incident
    next_at: datetime | None


@page()
def overview(here: Here) -> HttpResponse:
    account = here.account
    deliveries = Delivery.objects.filter(destination__account=account)
    open_now = Incident.objects.filter(account=account, closed_at=None)
    incidents = in_order(open_now.select_related("rule").order_by("pk"), here.request, SHOWN)
    destinations = list(account.destinations.all())
    rules = _rules(account)
    context: dict[str, object] = {
        "tabs": TABS,
        "tab": "notifications",
        "destinations": destinations,
        "rules": rules,
        "incidents": [_line(incident) for incident in incidents.rows],
        "incidents_next": incidents.next_url,
        "incidents_first": incidents.newest_url,
        "deliveries": newest_first(deliveries.select_related("destination"), here.request, SHOWN),
        "offers_everything": not rules,
        "mail_is_missing": not mail.is_set_up(),
        "everything": saving.EVERYTHING,
    }
    return here.render("notifications/notifications.html", context)


def _rules(account: Account) -> list[RuleLine]:
    rules = account.rules.prefetch_related("destinations", "channels")
    return [
        RuleLine(rule, in_words(rule), [_name(one) for one in rule.destinations.all()])
        for rule in rules
    ]


def _name(destination: Destination) -> str:
    return str(destination) if destination.enabled else f"{destination} (off)"


def _line(incident: Incident) -> IncidentLine:
    rule = incident.rule
    return IncidentLine(incident, told_next(state_of(incident), timing_of(rule)))


def in_words(rule: Rule) -> str:
    """What the rule does, as one would say it."""
    kinds = [CauseKind(kind).label for kind in rule.kinds if kind in CauseKind]
    what = "; ".join(kinds) or "Everything that breaks"
    least = Level(rule.least_level)
    level = {Level.WARNING: "", Level.ERROR: ", from errors on", Level.FATAL: ", if it is fatal"}
    channels = sorted(str(channel) for channel in rule.channels.all())
    types = [JobType(kind).label for kind in rule.types if kind in JobType]
    parts = [what + level[least]]
    if channels:
        parts.append(f"On {_some(channels)}")
    if types:
        parts.append(f"Jobs: {_some(types)}")
    if rule.after_failures > 1:
        parts.append(f"A job after {rule.after_failures} failed runs in a row")
    if rule.quiet_minutes:
        parts.append(f"Only what is still broken after {say(rule.quiet_minutes)}")
    if rule.reminder_minutes:
        parts.append(f"Reminds each {say(rule.reminder_minutes).removeprefix('1 ')}")
    return ". ".join(parts) + "."


def _some(names: list[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


@page("POST")
def tell_everything(here: Here) -> HttpResponse:
    """The one rule that most accounts need, and a destination for it where there is none."""
    here.require(Role.ADMIN)
    if not mail.is_set_up() and not here.account.destinations.filter(enabled=True).exists():
        messages.error(here.request, f"{mail.MISSING}: add a destination first.")
        return redirect(reverse("notifications"))
    rule = saving.tell_everything(here.account, here.at, here.user)
    names = ", ".join(str(one) for one in rule.destinations.all())
    text = f"Whatever needs a person is told to: {names}. Send a test to see that it arrives."
    messages.success(here.request, text)
    return redirect(reverse("notifications"))
