"""Receive Orders: the orders of a sales channel, new ones and changed ones."""

from __future__ import annotations

from typing import ClassVar

from channels.connectors.base import OrderData
from channels.enums import JobType
from oms.orders import OrderPull, create_order
from oms.work import Applied, Context


class ReceiveOrders(OrderPull):
    type: ClassVar[JobType] = JobType.RECEIVE_ORDERS

    def apply_unknown(self, context: Context, record: OrderData) -> Applied:
        return create_order(context, record)
