"""Which logic does which job type. A type without logic cannot run and is not offered."""

from __future__ import annotations

from channels.enums import JobType
from oms.receive_order_updates import ReceiveOrderUpdates
from oms.receive_orders import ReceiveOrders
from oms.receive_shipments import ReceiveShipments
from oms.send_shipments import SendShipments
from oms.work import PullLogic, PushLogic

LOGIC: dict[JobType, PullLogic | PushLogic] = {
    logic.type: logic
    for logic in (ReceiveOrders(), ReceiveOrderUpdates(), SendShipments(), ReceiveShipments())
}
