"""A Shopify shop for tests: in memory, speaking the Admin API's GraphQL.

It knows only the operations of its schema file and refuses what does not fit it: unknown fields
and arguments, wrong types, pages above 250, missing rights, missing idempotency keys, requests
above 1,000 points or above what is left of the budget.
"""

from tests.shopify_shop.shop import SECRET, ShopifyShop

__all__ = ["SECRET", "ShopifyShop"]
