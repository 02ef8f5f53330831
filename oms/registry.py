"""Which logic does which job type. A type without logic cannot run and is not offered."""

from __future__ import annotations

from channels.enums import JobType
from oms.export_products import ExportProducts
from oms.import_products import ImportProducts
from oms.receive_inventory import ReceiveInventory
from oms.receive_order_updates import ReceiveOrderUpdates
from oms.receive_orders import ReceiveOrders
from oms.receive_shipments import ReceiveShipments
from oms.refresh_authorization import RefreshAuthorization
from oms.send_order_updates import SendOrderUpdates
from oms.send_shipments import SendShipments
from oms.sync_inventory import SyncInventory
from oms.work import Logic

_ALL: tuple[Logic, ...] = (
    ReceiveOrders(),
    ReceiveOrderUpdates(),
    SendOrderUpdates(),
    SyncInventory(),
    ImportProducts(),
    ExportProducts(),
    RefreshAuthorization(),
    SendShipments(),
    ReceiveShipments(),
    ReceiveInventory(),
)
LOGIC: dict[JobType, Logic] = {logic.type: logic for logic in _ALL}
