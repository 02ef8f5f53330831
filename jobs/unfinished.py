"""Entities that a run left behind: the job's next full run asks for each, and ends them."""

from __future__ import annotations

from django.db import transaction

from jobs import gate
from jobs.models import Event, EventStatus, Job, Run, RunStatus
from jobs.overlap import Sort
from jobs.work import Work


def entities(work: Work) -> list[str]:
    """Ids of every earlier run of the job that left some; those runs are ended with this one."""
    if not work.run.asks_by_id:
        return list(dict.fromkeys(work.run.entities))
    left = Run.objects.filter(job=work.job, unfinished=True).order_by("pk")
    work.finished_runs = [run.pk for run in left]
    events = Event.objects.filter(run__in=left, status=EventStatus.FAILED).order_by("pk")
    listed = [one for ids in events.values_list("entities", flat=True) for one in ids]
    own = [one for run in left for one in run.entities]
    mine = Event.objects.filter(run=work.run, status=EventStatus.WAITING).order_by("pk")
    taken = [one for ids in mine.values_list("entities", flat=True) for one in ids]
    return list(dict.fromkeys([*listed, *own, *taken, *work.run.entities]))


def take_over_waiting(work: Work) -> list[str]:
    """Make the events of a due waiting entity run this run's own; answers their entities."""
    at = work.clock()
    with transaction.atomic():
        Job.objects.select_for_update(no_key=True).get(pk=work.job.pk)
        gate.close(work.job.pk)
        waiting = (
            Run.objects.waiting()
            .filter(job=work.job, sort=Sort.ENTITY, not_before__lte=at)
            .select_for_update(no_key=True)
            .first()
        )
        if waiting is None:
            return []
        Run.objects.filter(pk=waiting.pk).update(
            status=RunStatus.SKIPPED, reason=f"taken in by run {work.run.pk}", finished_at=at
        )
        events = Event.objects.filter(run=waiting, status=EventStatus.WAITING)
        ids = [one for listed in events.values_list("entities", flat=True) for one in listed]
        events.update(run=work.run)
        taken = list(dict.fromkeys([*ids, *waiting.entities]))
        work.run.entities = list(dict.fromkeys([*work.run.entities, *waiting.entities]))
        Run.objects.filter(pk=work.run.pk).update(entities=work.run.entities)
    work.log("info", f"Took in the batch of run {waiting.pk}: {len(taken)} records by id.")
    return taken
