"""Editing many channels together: choose what to set, look at what it does, apply it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect

from accounts.models import Role
from channels.enums import Kind
from channels.models import Channel
from jobs import bulk
from jobs.bulk import Outlook
from jobs.pages.bulk_form import BulkForm
from jobs.pages.channel_filter import asked_of
from jobs.pages.channel_lists import found
from jobs.pages.here import Here, page
from jobs.pages.paging import as_number

COUNTED = (
    ("main_started", "Main jobs that start"),
    ("main_stopped", "Main jobs that stop"),
    ("main_moved", "Main jobs that run at other times"),
    ("emergency_on", "Emergency jobs switched on"),
    ("emergency_off", "Emergency jobs switched off"),
    ("emergency_changed", "Emergency jobs with another period"),
    ("suspended", "Jobs suspended"),
    ("resumed", "Jobs that run again"),
    ("run_now", "Jobs that run once now"),
    ("held_replayed", "Jobs that replay held events"),
    ("offered", "Jobs offered again"),
    ("withdrawn", "Jobs withdrawn"),
)


@dataclass(frozen=True)
class Chosen:
    """The channels to edit, by id, and the list they were ticked on."""

    kind: Kind
    ids: list[int] = field(default_factory=list)

    @property
    def list_name(self) -> str:
        return "sales_channels" if self.kind == Kind.SALES else "fulfillment_channels"


@page("POST")
def bulk_edit(here: Here) -> HttpResponse:
    """The step named `step`: choose (unless another is named), preview, apply."""
    here.require(Role.OPERATOR)
    chosen = _chosen(here)
    if not chosen.ids:
        messages.warning(here.request, "Tick the channels to edit first.")
        return redirect(chosen.list_name)
    if len(chosen.ids) > bulk.MOST:
        text = f"At most {bulk.MOST} channels are edited together: narrow the list by its filters."
        messages.warning(here.request, text)
        return redirect(chosen.list_name)
    step = here.request.POST.get("step", "")
    if step not in ("preview", "apply"):
        return _ask(here, chosen, BulkForm(chosen.kind, here.request.POST if step else None))
    form = BulkForm(chosen.kind, here.request.POST)
    if not form.is_valid():
        return _ask(here, chosen, form, refused=True)
    if step == "apply":
        return _apply(here, chosen, form)
    return _show(here, chosen, form, bulk.look(here.account, chosen.ids, form.wish, here.at))


def _chosen(here: Here) -> Chosen:
    """Ticked on a list, all that match its filters, or those of the step before."""
    sent = here.request.POST
    kind = Kind.FULFILLMENT if sent.get("kind") == Kind.FULFILLMENT else Kind.SALES
    if "all" in sent:
        return Chosen(kind, [line.channel.pk for line in found(here, asked_of(sent, kind))])
    texts = sent["channels"].split(",") if "channels" in sent else sent.getlist("channel")
    ids = sorted({number for text in texts if (number := as_number(text))})
    mine = here.account.channels.filter(kind=kind, pk__in=ids).count() if ids else 0
    if mine != len(ids):
        raise Http404("No such channel.")
    return Chosen(kind, ids)


def _ask(here: Here, chosen: Chosen, form: BulkForm, *, refused: bool = False) -> HttpResponse:
    context = {**_common(chosen, form), "channels": _channels(chosen), "refused": refused}
    return here.render("jobs/bulk_edit.html", context)


def _channels(chosen: Chosen) -> list[Channel]:
    return list(Channel.objects.filter(pk__in=chosen.ids).only("name").order_by("name", "pk"))


def _show(
    here: Here, chosen: Chosen, form: BulkForm, outlook: Outlook, *, moved: bool = False
) -> HttpResponse:
    counts = Counter(said.what for one in outlook.changed for said in one.consequences)
    context = {
        **_common(chosen, form),
        "outlook": outlook,
        "counts": [(counts[what], words) for what, words in COUNTED if counts[what]],
        "moved": moved,
    }
    return here.render("jobs/bulk_preview.html", context)


def _common(chosen: Chosen, form: BulkForm) -> dict[str, object]:
    return {
        "kind": chosen.kind,
        "nav_current": chosen.kind,
        "list_name": chosen.list_name,
        "count": len(chosen.ids),
        "ids": ",".join(map(str, chosen.ids)),
        "form": form,
    }


def _apply(here: Here, chosen: Chosen, form: BulkForm) -> HttpResponse:
    seen = here.request.POST.get("seen", "")
    try:
        done = bulk.apply(here.account, chosen.ids, form.wish, here.at, here.user, seen)
    except bulk.Moved as moved:
        return _show(here, chosen, form, moved.outlook, moved=True)
    messages.success(here.request, _done_words(done))
    return redirect(chosen.list_name)


def _done_words(done: Outlook) -> str:
    left = len({one.channel.pk for one in done.unsupported})
    count = len(done.changed)
    said = f"Saved: {count} channel{'' if count == 1 else 's'} changed"
    kept = f", {left} did not support all of it" if left else ""
    return f"{said}{kept}. Each channel's Activity has what was changed."
