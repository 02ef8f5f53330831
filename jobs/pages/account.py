"""System Settings: the account, its Recurring Jobs, its history; choosing another account."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect

from accounts.models import HistoryEntry, Role
from jobs import configure
from jobs.change import ACCOUNT_FIELDS, Change
from jobs.consequences import Consequence
from jobs.pages.account_form import AccountForm, RecurringForm
from jobs.pages.channel_form import problems_of
from jobs.pages.channel_page import Preview, saved_words
from jobs.pages.here import CHOSEN, Here, page
from jobs.pages.paging import newest_first
from jobs.saving import save_account
from jobs.world import load_world

TABS = (
    ("account", "Settings"),
    ("recurring_jobs", "Recurring Jobs"),
    ("notifications", "Notifications"),
    ("account_history", "History"),
)


@page("GET", "POST")
def account(here: Here) -> HttpResponse:
    """The account's settings; a POST saves, or with `preview` only tells what it would do."""
    if here.request.method == "GET":
        return _show_account(here, _account_form(here))
    here.require(Role.ADMIN)
    form = _account_form(here, posted=True)
    if not form.is_valid():
        return _show_account(here, form, Preview(problems=problems_of([form])), refused=True)
    if "preview" in here.request.POST:
        return _show_account(here, form, account_preview(here, form))
    found = save_account(here.account, form.values(), here.at, here.user)
    _tell(here, found)
    return redirect("account")


def _account_form(here: Here, *, posted: bool = False) -> AccountForm:
    return AccountForm(load_world(here.account), here.request.POST if posted else None)


def _show_account(
    here: Here, form: AccountForm, preview: Preview | None = None, *, refused: bool = False
) -> HttpResponse:
    if not here.may_admin:
        for field in form.fields.values():
            field.disabled = True
    context = {
        "form": form,
        "preview": preview or Preview(),
        "dirty": preview is not None,
        "refused": refused,
        "tabs": TABS,
        "tab": "account",
        "may_edit": here.may_admin,
    }
    return here.render("accounts/account.html", context)


def account_preview(here: Here, form: AccountForm) -> Preview:
    """For a valid form."""
    values = form.values()
    change = form.change()
    changes = configure.preview(here.account, change, here.at) if change != Change() else []
    own = [
        f"{str(form[name.removesuffix('_id')].label).capitalize()} changes."
        for name in values
        if name not in ACCOUNT_FIELDS
    ]
    return Preview(changes, own, touched=bool(values))


@page("POST")
def preview_account(here: Here) -> HttpResponse:
    here.require(Role.ADMIN)
    form = _account_form(here, posted=True)
    found = (
        account_preview(here, form) if form.is_valid() else Preview(problems=problems_of([form]))
    )
    return here.render("jobs/_preview.html", {"preview": found})


@page("GET", "POST")
def recurring_jobs(here: Here) -> HttpResponse:
    """The timetable of every stable channel."""
    world = load_world(here.account)
    if here.request.method == "GET":
        return _show_recurring(here, RecurringForm(world))
    here.require(Role.ADMIN)
    form = RecurringForm(world, here.request.POST)
    if not form.is_valid():
        return _show_recurring(here, form, Preview(problems=form.problems), refused=True)
    if "preview" in here.request.POST:
        return _show_recurring(here, form, recurring_preview(here, form))
    change = form.change()
    found = []
    if change != Change():
        found = configure.apply(here.account, change, here.at, here.user)
    _tell(here, found)
    return redirect("recurring_jobs")


def recurring_preview(here: Here, form: RecurringForm) -> Preview:
    """For a valid form."""
    change = form.change()
    if change == Change():
        return Preview()
    return Preview(configure.preview(here.account, change, here.at), touched=True)


@page("POST")
def preview_recurring(here: Here) -> HttpResponse:
    here.require(Role.ADMIN)
    form = RecurringForm(load_world(here.account), here.request.POST)
    found = recurring_preview(here, form) if form.is_valid() else Preview(problems=form.problems)
    return here.render("jobs/_preview.html", {"preview": found})


def _show_recurring(
    here: Here, form: RecurringForm, preview: Preview | None = None, *, refused: bool = False
) -> HttpResponse:
    if not here.may_admin:
        for row in form.rows:
            for field in row.fields.values():
                field.disabled = True
    stable = [c for c in form.world.channels.values() if c.track == "stable"]
    context = {
        "form": form,
        "preview": preview or Preview(),
        "dirty": preview is not None,
        "refused": refused,
        "tabs": TABS,
        "tab": "recurring_jobs",
        "stable": stable,
        "may_edit": here.may_admin,
    }
    return here.render("accounts/recurring_jobs.html", context)


@page()
def history(here: Here) -> HttpResponse:
    """Every change of settings: who, when, old, new, and what followed."""
    entries = HistoryEntry.objects.filter(account=here.account).select_related("actor", "channel")
    context: dict[str, object] = {
        "part": newest_first(entries, here.request),
        "tabs": TABS,
        "tab": "account_history",
    }
    return here.render("accounts/history.html", context)


@page("POST")
def switch(here: Here) -> HttpResponse:
    """Work in another of the user's accounts; leads to its overview."""
    chosen = here.request.POST.get("account", "")
    if not any(str(account.pk) == chosen for account in here.accounts):
        raise Http404("No such account.")
    here.request.session[CHOSEN] = int(chosen)
    return redirect("overview")


def _tell(here: Here, found: list[Consequence]) -> None:
    messages.success(here.request, saved_words(found))
