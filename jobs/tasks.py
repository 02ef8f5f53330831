"""Celery tasks: they take ids, may run twice, and leave all state to the database."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from jobs import lease, maintenance, stock, wake, webhook_secrets
from jobs.execute import execute


@shared_task(name=wake.TASK)
def execute_runs(run_ids: list[int]) -> int:
    """Work on each of these runs that is due and free; answers how many were ours to do."""
    return sum(execute(run_id, timezone.now, lease.kept) for run_id in run_ids)


@shared_task(name="jobs.forget_old_events")
def forget_old_events() -> int:
    return maintenance.forget_old_events(timezone.now())


@shared_task(name="jobs.reconcile")
def reconcile() -> int:
    return maintenance.reconcile_all(timezone.now())


@shared_task(name="jobs.audit_subscriptions")
def audit_subscriptions() -> int:
    return maintenance.audit_subscriptions(timezone.now())


@shared_task(name="jobs.forget_former_secrets")
def forget_former_secrets() -> int:
    return webhook_secrets.forget_ended(timezone.now())


@shared_task(name="jobs.reconcile_stock")
def reconcile_stock() -> int:
    return stock.reconcile(timezone.now())
