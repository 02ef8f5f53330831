"""The settings of a channel to a WooCommerce shop."""

from channels.connectors.base import Setting

FIELDS = (
    Setting("url", "Shop address", "url", help="For example https://shop.example.com"),
    Setting("consumer_key", "Consumer key", secret=True, help="Begins with ck_"),
    Setting("consumer_secret", "Consumer secret", secret=True, help="Begins with cs_"),
    Setting(
        "webhook_secret",
        "Webhook secret",
        required=False,
        secret=True,
        help="The secret entered with each webhook in the shop; mode Webhook needs it",
    ),
    Setting(
        "authentication",
        "Authentication",
        "choice",
        required=False,
        help="Basic over plain HTTP shows the secret to the network: only where TLS ends at "
        "a proxy in front of the shop",
        choices=(
            ("auto", "Basic over HTTPS, signed requests over HTTP"),
            ("basic", "Always Basic"),
        ),
        default="auto",
    ),
    Setting(
        "shipment_note",
        "Shipments are told to",
        "choice",
        required=False,
        help="A note on the order with goods and tracking number; where the shop has fulfillments, "
        "a fulfillment instead",
        choices=(
            ("customer", "The customer, by mail of the shop"),
            ("private", "The shop's staff"),
            ("none", "Nobody; in the order's meta data only"),
        ),
        default="customer",
    ),
    Setting(
        "new_product_status",
        "Exported products are",
        "choice",
        required=False,
        choices=(
            ("publish", "Published at once"),
            ("draft", "Drafts, to be completed in the shop"),
        ),
        default="publish",
    ),
)
