"""ShipEngine, now called ShipStation API: shipments go out, labels bought for them come back."""

from channels.connectors.shipengine.connector import ShipEngine

__all__ = ["ShipEngine"]
