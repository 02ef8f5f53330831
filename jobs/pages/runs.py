"""The list of runs and the page of one: why it ran, what it did, what comes next."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from accounts.models import Role
from channels.enums import JobType
from jobs import control
from jobs.lease import MAX_ATTEMPTS
from jobs.models import TRIGGERS, Event, RecordChange, Run, RunStatus
from jobs.pages.here import Here, page
from jobs.pages.next_run import next_run_of
from jobs.pages.run_filters import SHOWN, WITHIN, Filters, read_filters
from jobs.pages.run_list import read_part
from jobs.pages.run_log import FROM_LEVEL, read_log
from oms.models import ParkedRecord

LISTED = 100


@page()
def list_runs(here: Here) -> HttpResponse:
    """Newest first, filtered; the list itself where HTMX asks for it anew."""
    wanted = read_filters(here)
    if wanted.run:
        if Run.objects.filter(account=here.account, pk=wanted.run).exists():
            return redirect("run", wanted.run)
        wanted.problems.append(f"This account has no run {wanted.run}.")
    context = {
        "part": read_part(here, wanted),
        "wanted": wanted,
        "next_run": next_run_of(here, wanted),
        "live_url": here.request.get_full_path(),
        "live": "before" not in here.request.GET,
        "refused": bool(wanted.problems),
    }
    if here.is_htmx:
        return here.render("jobs/_run_table.html", context)
    return here.render("jobs/runs.html", {**context, **_menus(here, wanted)})


def _menus(here: Here, wanted: Filters) -> dict[str, object]:
    """What the form offers, and what is chosen there."""
    return {
        "channels": list(here.channels_to_choose().only("account", "name", "deleted_at")),
        "types": JobType.choices,
        "triggers": TRIGGERS,
        "statuses": RunStatus.choices,
        "shown": SHOWN,
        "within": WITHIN,
        "chosen": here.request.GET,
        "filtered": any(here.request.GET.values()),
        "leaves_slots_out": wanted.of_runs_alone and not wanted.show,
    }


@page()
def show_run(here: Here, run_id: int) -> HttpResponse:
    run = find_run(here, run_id)
    events = Event.objects.filter(run=run).without_body().select_related("job")
    changes = RecordChange.objects.filter(run=run)
    context = {
        "run": run,
        "events": events[:LISTED],
        "event_count": events.count(),
        "attempts": list(run.attempts.all()),
        "log": read_log(run, here.request),
        "levels": FROM_LEVEL,
        "rescues": run.rescues.all()[:LISTED],
        "changes": changes[:LISTED],
        "change_count": changes.count(),
        "stretches": run.stretches.all()[:LISTED],
        "parked": _parked_by(run),
        "neighbours": _neighbours(run),
        "steps": _next_steps(run),
        "attempts_allowed": MAX_ATTEMPTS,
        "run_ended_early": run.status in (RunStatus.CANCELLED, RunStatus.SKIPPED),
        "also": [cause for cause in run.causes if cause != run.trigger],
        "may_cancel": here.may_operate and not run.is_over,
        "may_retry": here.may_operate and run.status in (RunStatus.FAILED, RunStatus.CANCELLED),
        "live_url": here.request.get_full_path(),
        "nav_current": "runs",
    }
    return here.render("jobs/_run_live.html" if here.is_htmx else "jobs/run.html", context)


def _parked_by(run: Run) -> list[ParkedRecord]:
    """The records that this run was the last to park, whatever became of them since."""
    if not run.parked:
        return []
    parked = ParkedRecord.objects.filter(channel=run.channel_id, type=run.type, run_id=run.pk)
    return list(parked.defer("payload")[:LISTED])


def _neighbours(run: Run) -> dict[str, int | None]:
    """The runs of the job before and after this one, by number."""
    runs = Run.objects.filter(job=run.job_id).values_list("pk", flat=True)
    return {
        "before": runs.filter(pk__lt=run.pk).order_by("-pk").first(),
        "after": runs.filter(pk__gt=run.pk).order_by("pk").first(),
    }


@dataclass(frozen=True)
class Step:
    """Something to do, or to know, after a run that failed or was cancelled."""

    text: str
    url: str = ""
    action: str = ""


def _next_steps(run: Run) -> list[Step]:
    if run.status not in (RunStatus.FAILED, RunStatus.CANCELLED):
        return []
    found = []
    if (text := run.channel.needs_attention) and run.channel.deleted_at is None:
        url = f"{reverse('channel', args=[run.channel_id])}?tab=connection"
        found.append(Step(f"The channel needs attention: {text}", url, "Open the connection"))
    later = Run.objects.filter(job=run.job_id, sort=run.sort, status=RunStatus.SUCCEEDED)
    if (good := later.filter(pk__gt=run.pk).order_by("pk").first()) is not None:
        url = reverse("run", args=[good.pk])
        found.append(Step(f"Run {good.pk} of this job has succeeded since.", url, "Look at it"))
    if run.unfinished:
        found.append(
            Step("Its records are asked for again by the job's next full run, or by Retry now.")
        )
    return found


@page("POST")
def cancel(here: Here, run_id: int) -> HttpResponse:
    run = find_run(here, run_id, Role.OPERATOR)
    try:
        control.cancel_run(run, here.at, here.user)
    except control.NotNow as reason:
        messages.error(here.request, str(reason))
    else:
        messages.success(here.request, f"Run {run.pk} is cancelled.")
    return redirect("run", run.pk)


@page("POST")
def retry(here: Here, run_id: int) -> HttpResponse:
    """A new run of the same window start or entities; leads there."""
    run = find_run(here, run_id, Role.OPERATOR)
    try:
        new = control.retry_run(run, here.at, here.user)
    except control.NotNow as reason:
        messages.error(here.request, str(reason))
        return redirect("run", run.pk)
    messages.success(here.request, f"This run retries run {run.pk}.")
    return redirect("run", new.pk)


def find_run(here: Here, run_id: int, needed: Role = Role.VIEWER) -> Run:
    """A run that the user may see; enters its account."""
    mine = Run.objects.filter(account__in=here.accounts).of_page().select_related("actor")
    run = mine.filter(pk=run_id).first()
    if run is None:
        raise Http404("No such run.")
    here.enter(run.account_id)
    here.require(needed)
    return run
