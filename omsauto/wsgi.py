"""The program as WSGI; `omsauto.asgi` is what the web server calls."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "omsauto.settings")

application = get_wsgi_application()

from jobs import blind  # noqa: E402 - models need the set-up above
from notifications import watch  # noqa: E402 - as above

if settings.PROCESS == "web":
    blind.start_watching()
    watch.start_watching()
