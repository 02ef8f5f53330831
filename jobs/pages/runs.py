"""The list of runs and the page of one: why it ran, what it did, what comes next."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect

from accounts.models import Role
from channels.enums import JobType
from jobs import control
from jobs.lease import MAX_ATTEMPTS
from jobs.models import TRIGGERS, Event, Job, RecordChange, Run, RunStatus
from jobs.overlap import Trigger
from jobs.pages.here import Here, page
from jobs.pages.paging import newest_first, number

LOG_LINES = 500
LISTED = 100


@page()
def list_runs(here: Here) -> HttpResponse:
    """Newest first, filtered; the list itself where HTMX asks for it anew."""
    part = newest_first(_filtered(here), here.request)
    context = {
        "part": part,
        "channels": list(here.account.channels.present()),
        "types": JobType.choices,
        "triggers": TRIGGERS,
        "statuses": RunStatus.choices,
        "chosen": here.request.GET,
        "live_url": here.request.get_full_path(),
        "live": "before" not in here.request.GET,
    }
    return here.render("jobs/_run_table.html" if here.is_htmx else "jobs/runs.html", context)


def _filtered(here: Here) -> QuerySet[Run]:
    query = here.request.GET
    runs = Run.objects.filter(account=here.account).of_page()
    if channel := number(here.request, "channel"):
        runs = runs.filter(channel=channel)
    if (job_type := query.get("type")) in JobType:
        runs = runs.filter(type=job_type)
    if (status := query.get("status")) in RunStatus:
        runs = runs.filter(status=status)
    if (trigger := query.get("trigger", "")) in list(Trigger):
        runs = runs.caused_by(trigger)
    return runs


@page()
def show_run(here: Here, run_id: int) -> HttpResponse:
    run = find_run(here, run_id)
    events = Event.objects.filter(run=run).without_body()
    job = Job.objects.get(pk=run.job_id)
    changes = RecordChange.objects.filter(run=run)
    context = {
        "run": run,
        "job": job,
        "events": events[:LISTED],
        "event_count": events.count(),
        "log": list(run.log.all()[:LOG_LINES]),
        "rescues": run.rescues.all()[:LISTED],
        "changes": changes[:LISTED],
        "change_count": changes.count(),
        "stretches": run.stretches.all()[:LISTED],
        "attempts_allowed": MAX_ATTEMPTS,
        "run_ended_early": run.status in (RunStatus.CANCELLED, RunStatus.SKIPPED),
        "also": [cause for cause in run.causes if cause != run.trigger],
        "may_cancel": here.may_operate and not run.is_over,
        "may_retry": here.may_operate and run.status in (RunStatus.FAILED, RunStatus.CANCELLED),
        "nav_current": "runs",
    }
    return here.render("jobs/_run.html" if here.is_htmx else "jobs/run.html", context)


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
