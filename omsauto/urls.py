"""Every address of omsauto."""

from django.contrib import admin
from django.urls import include, path

from jobs import webhooks
from omsauto import health

urlpatterns = [
    path("webhooks/<str:token>/", webhooks.receive, name="webhook"),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
    path("api/v1/", include("jobs.api.urls")),
    path("", include("accounts.urls")),
    path("admin/", admin.site.urls),
    path("", include("jobs.pages.urls")),
    path("", include("notifications.pages.urls")),
]

handler400 = "omsauto.refusals.bad_request"
handler403 = "omsauto.refusals.forbidden"
handler404 = "omsauto.refusals.not_found"
handler500 = "omsauto.refusals.fault"
