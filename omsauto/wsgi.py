"""What the web server calls."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "omsauto.settings")

_django = get_wsgi_application()

from jobs import blind  # noqa: E402 - models need the set-up above
from notifications import watch  # noqa: E402 - as above
from omsauto.bodies import whole_bodies  # noqa: E402 - as above

application = whole_bodies(_django)

if settings.PROCESS == "web":
    blind.start_watching()
    watch.start_watching()
