"""System Settings: the account and its history; choosing another account."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect

from accounts.models import HistoryEntry, Role
from jobs.consequences import Consequence, together
from jobs.pages.account_form import AccountForm
from jobs.pages.account_preview import account_preview
from jobs.pages.account_tabs import TABS
from jobs.pages.channel_form import problems_of
from jobs.pages.channel_page import Preview, saved_words
from jobs.pages.here import CHOSEN, Here, page
from jobs.pages.paging import newest_first
from jobs.saving import save_account
from jobs.world import load_world


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
    messages.success(here.request, saved_words(_named(form, found)))
    return redirect("account")


def _named(form: AccountForm, found: list[Consequence]) -> list[Consequence]:
    return together(found, {pk: channel.name for pk, channel in form.world.channels.items()})


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


@page("POST")
def preview_account(here: Here) -> HttpResponse:
    here.require(Role.ADMIN)
    form = _account_form(here, posted=True)
    found = (
        account_preview(here, form) if form.is_valid() else Preview(problems=problems_of([form]))
    )
    return here.render("jobs/_preview.html", {"preview": found})


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
