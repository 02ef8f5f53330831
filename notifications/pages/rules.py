"""Rules: add, change, switch, delete, and what one would tell now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect

from accounts.models import Role
from jobs.pages.here import Here, page
from notifications import saving
from notifications.causes import Cause, open_causes
from notifications.forms import RuleForm
from notifications.models import Rule
from notifications.tell import covered

SHOWN = 10


@dataclass(frozen=True)
class Preview:
    """What a rule would tell now; `later`: how many wait for the end of its quiet time."""

    causes: list[Cause]
    later: int
    more: int


@page("GET", "POST")
def add(here: Here) -> HttpResponse:
    here.require(Role.ADMIN)
    return _edit(here, Rule(account=here.account, reminder_minutes=1440))


@page("GET", "POST")
def change(here: Here, rule_id: int) -> HttpResponse:
    return _edit(here, find(here, rule_id))


def _edit(here: Here, rule: Rule) -> HttpResponse:
    posted = here.request.POST if here.request.method == "POST" else None
    form = RuleForm(rule, posted)
    asks = posted is not None and "preview" in posted
    if posted is None or asks or not form.is_valid():
        context = {
            "form": form,
            "rule": rule,
            "refused": posted is not None and not asks,
            "preview": preview_of(here, form),
            "dirty": asks,
            "nav_current": "account",
        }
        return here.render("notifications/rule.html", context)
    saved = saving.save_rule(rule, form.cleaned_data, here.at, here.user)
    state = "" if saved.enabled else " It is switched off: it tells nothing."
    messages.success(here.request, f"The rule {saved} is saved.{state}")
    return redirect("notifications")


@page("POST")
def preview(here: Here) -> HttpResponse:
    """The part of the form's page that says what the rule, as it stands there, would tell now."""
    here.require(Role.ADMIN)
    form = RuleForm(Rule(account=here.account), here.request.POST)
    context: dict[str, object] = {"preview": preview_of(here, form)}
    return here.render("notifications/_rule_preview.html", context)


def preview_of(here: Here, form: RuleForm) -> Preview:
    """From what was sent, or from the stored rule; what is no valid choice counts as not made."""
    if form.is_bound:
        form.is_valid()
    values = {name: form.initial.get(name) for name in form.fields}
    if form.is_bound:
        values.update(form.cleaned_data)
    scope, quiet = form.scope_of(values), timedelta(minutes=values.get("quiet_minutes") or 0)
    found = covered(scope, open_causes(here.account, here.at))
    ripe = [one for one in found if not quiet or (one.since and one.since + quiet <= here.at)]
    return Preview(ripe[:SHOWN], len(found) - len(ripe), max(len(ripe) - SHOWN, 0))


@page("POST")
def switch(here: Here, rule_id: int) -> HttpResponse:
    rule = find(here, rule_id)
    saving.save_rule(rule, {"enabled": not rule.enabled}, here.at, here.user)
    state = "switched on." if rule.enabled else "switched off: it tells nothing."
    messages.success(here.request, f"The rule {rule} is {state}")
    return redirect("notifications")


@page("POST")
def delete(here: Here, rule_id: int) -> HttpResponse:
    rule = find(here, rule_id)
    saving.delete_rule(rule, here.at, here.user)
    messages.success(here.request, f"The rule {rule} is deleted.")
    return redirect("notifications")


def find(here: Here, rule_id: int) -> Rule:
    """A rule of an account of the user's; enters it. For admins."""
    rows = Rule.objects.select_related("account").filter(account__in=here.accounts)
    found = rows.filter(pk=rule_id).first()
    if found is None:
        raise Http404("No such rule.")
    here.enter(found.account_id)
    here.require(Role.ADMIN)
    return found
