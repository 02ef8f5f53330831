"""What the web server calls: the program behind its front."""

import gc

from django.conf import settings
from django.urls import get_resolver

from omsauto import wsgi
from omsauto.front import Front, Take

from django.db import connection  # isort: skip - models need the set-up above

from jobs.intake_group import Group  # isort: skip - as above
from jobs.webhook_door import taker  # isort: skip - as above


def _together() -> Take | None:
    """Where deliveries are taken many at a time: in a web process on PostgreSQL."""
    if settings.PROCESS != "web" or connection.vendor != "postgresql":
        return None
    group = Group()
    group.start()
    return taker(group)


application = Front(
    wsgi.application, settings.WEB_THREADS, settings.OMSAUTO_WEBHOOK_MAX_BODY, _together()
)

# A full collection would walk the whole program, a tenth of a second, to find what one page left.
# So all of the program is loaded now, and told to be kept for good.
_ = get_resolver().url_patterns
gc.collect()
gc.freeze()
