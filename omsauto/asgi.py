"""What the web server calls: the program behind its front."""

from django.conf import settings

from omsauto import wsgi
from omsauto.front import Front

application = Front(wsgi.application, settings.WEB_THREADS, settings.OMSAUTO_WEBHOOK_MAX_BODY)
