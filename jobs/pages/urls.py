"""The addresses of the pages."""

from django.urls import path

from jobs.pages import (
    account,
    bulk_edit,
    channel_actions,
    channel_lists,
    channel_new,
    channel_page,
    events,
    first_run,
    overview,
    parked,
    records,
    runs,
    sku_mappings,
    subscriptions,
    supported,
)

urlpatterns = [
    path("", overview.overview, name="overview"),
    path("channels/sales/", channel_lists.sales_channels, name="sales_channels"),
    path("channels/fulfillment/", channel_lists.fulfillment_channels, name="fulfillment_channels"),
    path("channels/supported/", supported.supported, name="supported"),
    path("channels/bulk/", bulk_edit.bulk_edit, name="bulk_edit"),
    path("channels/new/", channel_new.new_channel, name="new_channel"),
    path("channels/<int:channel_id>/", channel_page.show_channel, name="channel"),
    path("channels/<int:channel_id>/first-run/", first_run.show_first_run, name="first_run"),
    path("channels/<int:channel_id>/rows/", channel_page.show_rows, name="channel_rows"),
    path(
        "channels/<int:channel_id>/preview/", channel_page.preview_channel, name="preview_channel"
    ),
    path("channels/<int:channel_id>/sync/", channel_actions.sync, name="sync"),
    path(
        "channels/<int:channel_id>/test/", channel_actions.test_connection, name="test_connection"
    ),
    path("channels/<int:channel_id>/enable/", channel_actions.enable, name="enable_channel"),
    path("channels/<int:channel_id>/disable/", channel_actions.disable, name="disable_channel"),
    path("channels/<int:channel_id>/delete/", channel_actions.delete, name="delete_channel"),
    path("channels/<int:channel_id>/sku-mappings/", sku_mappings.add, name="add_sku_mapping"),
    path(
        "channels/<int:channel_id>/sku-mappings/<int:mapping_id>/",
        sku_mappings.change,
        name="change_sku_mapping",
    ),
    path(
        "channels/<int:channel_id>/sku-mappings/<int:mapping_id>/delete/",
        sku_mappings.delete,
        name="delete_sku_mapping",
    ),
    path(
        "channels/<int:channel_id>/sku-mappings/import/",
        sku_mappings.import_table,
        name="import_sku_mappings",
    ),
    path(
        "channels/<int:channel_id>/sku-mappings.csv",
        sku_mappings.export,
        name="export_sku_mappings",
    ),
    path("channels/<int:channel_id>/subscriptions/", subscriptions.show, name="subscriptions"),
    path("account/", account.account, name="account"),
    path("account/preview/", account.preview_account, name="preview_account"),
    path("account/recurring-jobs/", account.recurring_jobs, name="recurring_jobs"),
    path("account/recurring-jobs/preview/", account.preview_recurring, name="preview_recurring"),
    path("account/history/", account.history, name="account_history"),
    path("accounts/switch/", account.switch, name="switch_account"),
    path("runs/", runs.list_runs, name="runs"),
    path("runs/<int:run_id>/", runs.show_run, name="run"),
    path("runs/<int:run_id>/cancel/", runs.cancel, name="cancel_run"),
    path("runs/<int:run_id>/retry/", runs.retry, name="retry_run"),
    path("events/", events.list_events, name="events"),
    path("events/<int:event_id>/", events.show_event, name="event"),
    path("events/<int:event_id>/replay/", events.replay, name="replay_event"),
    path("records/", records.show_records, name="records"),
    path("records/orders/<int:order_id>/", records.show_order, name="order"),
    path("records/parked/retry/", parked.retry_all, name="retry_all_parked"),
    path("records/parked/<int:parked_id>/", parked.show, name="parked"),
    path("records/parked/<int:parked_id>/retry/", parked.retry, name="retry_parked"),
    path("records/parked/<int:parked_id>/discard/", parked.discard, name="discard_parked"),
    path("records/products/", records.add_product, name="add_product"),
    path("records/stock/import/", records.import_stock, name="import_stock"),
    path("records/stock/<int:level_id>/", records.set_stock, name="set_stock"),
]
