"""What is asked of the Admin API, in GraphQL.

Page sizes keep each request below 1,000 points at the dearest reading of the cost rules (each
object one point, times the sizes of the lists around it), the most that one request may cost.
https://shopify.dev/docs/apps/build/apis/graphql-admin/rate-limits
"""

_PAGE = "pageInfo { hasNextPage endCursor }"

_LINE = """
  id sku name quantity currentQuantity
  discountedUnitPriceAfterAllDiscountsSet { shopMoney { amount } }
"""

_ADDRESS = """
  name company address1 address2 city province provinceCode zip countryCodeV2 phone
"""

_ORDER = f"""
  legacyResourceId name createdAt updatedAt cancelledAt closed email
  displayFinancialStatus displayFulfillmentStatus
  currentTotalPriceSet {{ shopMoney {{ amount currencyCode }} }}
  shippingAddress {{ {_ADDRESS} }}
  billingAddress {{ {_ADDRESS} }}
  lineItems(first: 25) {{ nodes {{ {_LINE} }} {_PAGE} }}
"""

ORDERS = f"""
query Orders($first: Int!, $after: String, $query: String, $sortKey: OrderSortKeys!) {{
  orders(first: $first, after: $after, query: $query, sortKey: $sortKey) {{
    nodes {{ {_ORDER} }} {_PAGE}
  }}
}}
"""

ORDER = f"query Order($id: ID!) {{ order(id: $id) {{ {_ORDER} }} }}"

ORDER_LINES = f"""
query OrderLines($id: ID!, $after: String) {{
  order(id: $id) {{ lineItems(first: 100, after: $after) {{ nodes {{ {_LINE} }} {_PAGE} }} }}
}}
"""

ORDER_IDS = """
query OrderIds($query: String) {
  orders(first: 1, query: $query, sortKey: ID) { nodes { legacyResourceId } }
}
"""

RECENT_ORDERS = """
query RecentOrders($query: String) {
  recent: orders(first: 100, query: $query, sortKey: ID, reverse: true) {
    nodes { legacyResourceId }
  }
}
"""

RECENT_VARIANTS = """
query RecentVariants($query: String) {
  recent: productVariants(first: 100, query: $query, sortKey: ID, reverse: true) {
    nodes { legacyResourceId }
  }
}
"""

_VARIANT = "legacyResourceId title sku barcode price createdAt updatedAt"

PRODUCTS = f"""
query Products($first: Int!, $after: String, $query: String) {{
  products(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {{
    nodes {{
      id title updatedAt
      variants(first: 25) {{ nodes {{ {_VARIANT} }} {_PAGE} }}
    }}
    {_PAGE}
  }}
}}
"""

PRODUCT_VARIANTS = f"""
query ProductVariantsOfOne($id: ID!, $after: String) {{
  product(id: $id) {{ variants(first: 100, after: $after) {{ nodes {{ {_VARIANT} }} {_PAGE} }} }}
}}
"""

VARIANTS = f"""
query Variants($first: Int!, $after: String, $query: String) {{
  productVariants(first: $first, after: $after, query: $query, sortKey: ID) {{
    nodes {{ {_VARIANT} product {{ title updatedAt }} }} {_PAGE}
  }}
}}
"""

VARIANT_OR_PRODUCT = f"""
query VariantOrProduct($variant: ID!, $product: ID!) {{
  shop {{ currencyCode }}
  productVariant(id: $variant) {{ {_VARIANT} product {{ title updatedAt }} }}
  product(id: $product) {{ title updatedAt variants(first: 1) {{ nodes {{ {_VARIANT} }} }} }}
}}
"""

SHOP = """
query Shop {
  shop { name currencyCode }
  currentAppInstallation { accessScopes { handle } }
}
"""

LISTINGS = f"""
query Listings($after: String, $query: String) {{
  productVariants(first: 250, after: $after, query: $query, sortKey: ID) {{
    nodes {{ legacyResourceId sku }} {_PAGE}
  }}
}}
"""

LOCATION = """
query Location($id: ID) { location(id: $id) { id name isActive } }
"""

STOCK_ITEMS = """
query StockItems($ids: [ID!]!, $location: ID!) {
  nodes(ids: $ids) {
    ... on ProductVariant {
      legacyResourceId
      inventoryItem { id tracked inventoryLevel(locationId: $location) { id } }
    }
  }
}
"""

ACTIVATE = """
mutation ActivateStock($item: ID!, $location: ID!, $key: String!) {
  inventoryActivate(inventoryItemId: $item, locationId: $location) @idempotent(key: $key) {
    inventoryLevel { id }
    userErrors { field message }
  }
}
"""

SET_STOCK = """
mutation SetStock($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) {
    userErrors { code field message }
  }
}
"""

FULFILLMENTS = """
query Fulfillments($id: ID!) {
  order(id: $id) {
    name cancelledAt
    fulfillments(first: 250) { id status trackingInfo(first: 1) { company number } }
  }
}
"""

FULFILLMENT_LINES = f"""
query FulfillmentLines($id: ID!, $after: String) {{
  fulfillment(id: $id) {{
    fulfillmentLineItems(first: 100, after: $after) {{
      nodes {{ quantity lineItem {{ id }} }} {_PAGE}
    }}
  }}
}}
"""

_PLACE = "id remainingQuantity lineItem { id }"

FULFILLMENT_ORDERS = f"""
query FulfillmentOrders($id: ID!, $after: String) {{
  order(id: $id) {{
    fulfillmentOrders(first: 10, after: $after) {{
      nodes {{
        id status
        supportedActions {{ action }}
        assignedLocation {{ location {{ id }} }}
        lineItems(first: 25) {{ nodes {{ {_PLACE} }} {_PAGE} }}
      }}
      {_PAGE}
    }}
  }}
}}
"""

FULFILLMENT_ORDER_LINES = f"""
query FulfillmentOrderLines($id: ID!, $after: String) {{
  fulfillmentOrder(id: $id) {{
    lineItems(first: 100, after: $after) {{ nodes {{ {_PLACE} }} {_PAGE} }}
  }}
}}
"""

UNFULFILLED = f"""
query Unfulfilled($id: ID!, $after: String) {{
  order(id: $id) {{
    lineItems(first: 100, after: $after) {{ nodes {{ id unfulfilledQuantity }} {_PAGE} }}
  }}
}}
"""

FULFILL = """
mutation Fulfill($fulfillment: FulfillmentInput!) {
  fulfillmentCreate(fulfillment: $fulfillment) {
    fulfillment { id status }
    userErrors { field message }
  }
}
"""

TRACK = """
mutation Track($id: ID!, $tracking: FulfillmentTrackingInput!, $notify: Boolean!) {
  fulfillmentTrackingInfoUpdate(
    fulfillmentId: $id, trackingInfoInput: $tracking, notifyCustomer: $notify
  ) {
    fulfillment { id }
    userErrors { field message }
  }
}
"""

_EXPORTED = """
  legacyResourceId sku barcode price
  product { id title hasOnlyDefaultVariant }
"""

EXPORTED_VARIANT = f"""
query ExportedVariant($id: ID!) {{
  shop {{ currencyCode }}
  productVariant(id: $id) {{ {_EXPORTED} }}
}}
"""

EXPORTED_BY_HANDLE = f"""
query ExportedByHandle($handle: String!) {{
  shop {{ currencyCode }}
  productByIdentifier(identifier: {{ handle: $handle }}) {{
    variants(first: 1) {{ nodes {{ {_EXPORTED} }} }}
  }}
}}
"""

UPDATE_VARIANT = """
mutation UpdateVariant($product: ID!, $variants: [ProductVariantsBulkInput!]!) {
  productVariantsBulkUpdate(productId: $product, variants: $variants) {
    userErrors { code field message }
  }
}
"""

RENAME_PRODUCT = """
mutation RenameProduct($product: ProductUpdateInput!) {
  productUpdate(product: $product) { userErrors { field message } }
}
"""

MAKE_PRODUCT = """
mutation MakeProduct($input: ProductSetInput!) {
  productSet(input: $input, synchronous: true) {
    product { variants(first: 1) { nodes { legacyResourceId } } }
    userErrors { code field message }
  }
}
"""

_SUBSCRIPTION = "id topic uri format filter includeFields"

SUBSCRIPTIONS = f"""
query Subscriptions($after: String) {{
  webhookSubscriptions(first: 100, after: $after) {{ nodes {{ {_SUBSCRIPTION} }} {_PAGE} }}
}}
"""

SUBSCRIPTION = """
query Subscription($id: ID!) { webhookSubscription(id: $id) { id } }
"""

SUBSCRIBE = f"""
mutation Subscribe($topic: WebhookSubscriptionTopic!, $webhook: WebhookSubscriptionInput!) {{
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $webhook) {{
    webhookSubscription {{ {_SUBSCRIPTION} }}
    userErrors {{ field message }}
  }}
}}
"""

RESUBSCRIBE = f"""
mutation Resubscribe($id: ID!, $webhook: WebhookSubscriptionInput!) {{
  webhookSubscriptionUpdate(id: $id, webhookSubscription: $webhook) {{
    webhookSubscription {{ {_SUBSCRIPTION} }}
    userErrors {{ field message }}
  }}
}}
"""

UNSUBSCRIBE = """
mutation Unsubscribe($id: ID!) {
  webhookSubscriptionDelete(id: $id) { userErrors { field message } }
}
"""
