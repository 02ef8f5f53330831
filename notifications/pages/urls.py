"""The addresses of the pages of notifications."""

from django.urls import path

from notifications.pages import destinations, notifications, rules

urlpatterns = [
    path("account/notifications/", notifications.overview, name="notifications"),
    path(
        "account/notifications/everything/", notifications.tell_everything, name="tell_everything"
    ),
    path("account/notifications/destinations/new/", destinations.add, name="new_destination"),
    path(
        "account/notifications/destinations/<int:destination_id>/",
        destinations.change,
        name="destination",
    ),
    path(
        "account/notifications/destinations/<int:destination_id>/test/",
        destinations.test,
        name="test_destination",
    ),
    path(
        "account/notifications/destinations/<int:destination_id>/delete/",
        destinations.delete,
        name="delete_destination",
    ),
    path("account/notifications/rules/new/", rules.add, name="new_rule"),
    path("account/notifications/rules/preview/", rules.preview, name="preview_rule"),
    path("account/notifications/rules/<int:rule_id>/", rules.change, name="rule"),
    path("account/notifications/rules/<int:rule_id>/switch/", rules.switch, name="switch_rule"),
    path("account/notifications/rules/<int:rule_id>/delete/", rules.delete, name="delete_rule"),
]
