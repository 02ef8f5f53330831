"""What the web server calls."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "omsauto.settings")

_django = get_wsgi_application()

from django.db import connection  # noqa: E402 - models need the set-up above

from jobs import blind  # noqa: E402 - as above
from jobs.intake_group import Group  # noqa: E402 - as above
from jobs.webhook_door import take_together  # noqa: E402 - as above
from notifications import watch  # noqa: E402 - as above
from omsauto.bodies import whole_bodies  # noqa: E402 - as above

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

application: WSGIApplication = _django

if settings.PROCESS == "web":
    if connection.vendor == "postgresql":
        group = Group()
        group.start()
        application = take_together(application, group)
    blind.start_watching()
    watch.start_watching()

application = whole_bodies(application)
