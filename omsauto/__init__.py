"""The house: settings, the Celery app, the clock's scheduler, URLs, health."""

from omsauto.celery import app as celery_app

__all__ = ["celery_app"]
