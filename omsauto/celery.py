"""The Celery app. Messages are wake-up calls: the database holds everything that must last."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_ready

from omsauto import redis_restore

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "omsauto.settings")
if os.environ.get("OMSAUTO_PROCESS") == "beat":
    # They load every page, which takes the clock 20 MB. `omsauto.prepare` has made them, and a
    # worker makes them: what its tasks load sooner or later, its children then share.
    os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

redis_restore.install()
app = Celery("omsauto")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def use_django_logging(**_: Any) -> None:
    """Keep the logging that Django set up; Celery would otherwise replace it."""


@worker_ready.connect
def show_signs_of_life(**_: Any) -> None:
    """In the worker's main process, once it has reached its broker."""
    from jobs import blind  # models need Django, which the worker has set up by now

    blind.start_worker_pulse()
