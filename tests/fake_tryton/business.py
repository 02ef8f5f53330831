"""What the pretended Tryton does with its records: sales, shipments, stock."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from tests.fake_tryton.schema import SHIPMENT
from tests.fake_tryton.tables import Context, Tables, UserError

SALE, MOVE, PRODUCT, TEMPLATE = "sale.sale", "stock.move", "product.product", "product.template"
FOLLOWS = {"quote": ("draft", "quotation"), "confirm": ("quotation", "confirmed")}
STEPS = {
    "assign": (("waiting",), "assigned"),
    "pick": (("assigned",), "picked"),
    "pack": (("picked",), "packed"),
    "done": (("packed",), "done"),
    "cancel": (("waiting", "assigned", "picked", "packed"), "cancelled"),
}


class Business:
    """A company with one warehouse, two products in stock and one carrier."""

    def __init__(self) -> None:
        self.tables = Tables()
        self.dies_confirming = False
        self._compute()
        make = self.tables.create
        dollar = make("currency.currency", {"code": "USD"})
        make("currency.currency", {"code": "EUR"})
        states = make("country.country", {"code": "US", "name": "United States"})
        make("country.subdivision", {"code": "US-TX", "name": "Texas", "country": states})
        self.company = make("company.company", {"currency": dollar})
        self.unit = make("product.uom", {"name": "Unit"})
        make("product.category", {"name": "Goods", "accounting": True})
        self.places = self._places()
        self.carrier = make("carrier", {"party": make("party.party", {"name": "Parcel Post"})})
        for module in ("sale", "stock", "stock_package_shipping", "web_shop"):
            make("ir.module", {"name": module, "state": "activated"})
        self.add_product("TEA-1", "Mint tea", stock=50)
        self.add_product("CUP-1", "Cup", stock=5)

    # Products and stock

    def add_product(self, sku: str, name: str = "", stock: float = 0, **template: Any) -> int:
        values = {"name": name or sku, "type": "goods", "salable": True, "default_uom": self.unit}
        values |= {"list_price": Decimal("9.50"), **template}
        new = self.create(TEMPLATE, {**values, "products": [["create", [{"suffix_code": sku}]]]})
        product = int(self.tables.value(TEMPLATE, new, "products", {})[0])
        if stock:
            self.move(product, stock, "LOST", "STO")
        return product

    def move(self, product: int, quantity: float, source: str, to: str, **values: Any) -> int:
        places = {"from_location": self.places[source], "to_location": self.places[to]}
        pieces = {"quantity": quantity, "internal_quantity": quantity, "state": "done"}
        return self.tables.create(MOVE, {"product": product, **places, **pieces, **values})

    # What is called over RPC

    def create(self, model: str, values: Mapping[str, Any]) -> int:
        if model == SALE:
            taken = self.tables.search(SALE, [["web_id", "=", values["web_id"]]], {})
            if taken and values["web_id"]:
                raise UserError("The web ID on the sale must be unique.")
            costs = self.tables.search("ir.module", [["name", "=", "sale_shipment_cost"]], {})
            if costs and values.get("shipment_cost_method", "order"):
                raise UserError('The value "order" for field "Shipment Cost Method" is not valid.')
            values = {"state": "draft", "shipment_state": "none", **values}
        new = self.tables.create(model, values)
        self._sync_codes()
        return new

    def write(self, model: str, ids: list[int], values: Mapping[str, Any]) -> None:
        self.tables.write(model, ids, values)
        self._sync_codes()

    def sale_step(self, step: str, sale: int) -> None:
        """What is not allowed does nothing, and says nothing. Confirming makes the shipment."""
        row = self.tables.rows[SALE][sale]
        if step == "process":
            self._process(sale)
        elif step == "draft" and row["state"] in ("quotation", "confirmed", "cancelled"):
            self.tables.write(SALE, [sale], {"state": "draft"})
        elif step != "draft" and row["state"] == FOLLOWS[step][0]:
            number = row["number"] or f"S{sale}"
            self.tables.write(SALE, [sale], {"state": FOLLOWS[step][1], "number": number})
            if step == "confirm" and not self.dies_confirming:
                self._process(sale)
            self.dies_confirming = False

    def _process(self, sale: int) -> None:
        """One shipment for everything that none has been made for."""
        row = self.tables.rows[SALE][sale]
        if row["state"] not in ("confirmed", "processing", "done"):
            return
        lines = {one: self._unplanned(one) for one in self.tables.value(SALE, sale, "lines", {})}
        if any(lines.values()):
            shipment = self.tables.create(SHIPMENT, {"state": "waiting"})
            for line, quantity in lines.items():
                if quantity:
                    self._plan(shipment, line, quantity)
        states = {"state": "processing", "shipment_state": self._shipment_state(sale)}
        if any(row[name] != value for name, value in states.items()):
            self.tables.write(SALE, [sale], states)

    def _unplanned(self, line: int) -> float:
        row = self.tables.rows["sale.line"][line]
        moves = self.tables.rows[MOVE].values()
        planned = (move["quantity"] for move in moves if move["origin"] == f"sale.line,{line}")
        return float(row["quantity"] - sum(planned))

    def _plan(self, shipment: int, line: int, quantity: float) -> None:
        product = self.tables.rows["sale.line"][line]["product"]
        about = {"shipment": f"{SHIPMENT},{shipment}", "state": "draft"}
        self.move(product, quantity, "OUT", "CUS", **about, origin=f"sale.line,{line}")
        self.move(product, quantity, "STO", "OUT", **about)

    def _shipment_state(self, sale: int) -> str:
        states = [self.tables.rows[SHIPMENT][one]["state"] for one in self.shipments(sale)]
        if "cancelled" in states:
            return "exception"
        return "sent" if set(states) == {"done"} else "waiting"

    # What workers do

    def step(self, shipment: int, step: str, **quantities: float) -> None:
        """`quantities`: by product as p1=3, what there is of it when it is assigned."""
        allowed, after = STEPS[step]
        assert self.tables.rows[SHIPMENT][shipment]["state"] in allowed
        inner, outer = self._moves(shipment, "OUT"), self._moves(shipment, "CUS")
        for name, quantity in quantities.items():
            product = int(name[1:])
            for one in (*inner, *outer):
                if self.tables.rows[MOVE][one]["product"] == product:
                    self.tables.write(
                        MOVE, [one], {"quantity": quantity, "internal_quantity": quantity}
                    )
        ended = {"pick": inner, "done": outer, "cancel": [*inner, *outer]}.get(step, [])
        state = "cancelled" if step == "cancel" else "done"
        self.tables.write(MOVE, ended, {"state": state})
        self.tables.write(SHIPMENT, [shipment], {"state": after})
        if step in ("done", "cancel"):
            self._process(self.sale_of(shipment))

    def ship(self, shipment: int, tracking: str, **quantities: float) -> None:
        self.step(shipment, "assign", **quantities)
        self.step(shipment, "pick")
        self.label(shipment, tracking)
        self.step(shipment, "pack")
        self.step(shipment, "done")

    def label(self, shipment: int, tracking: str) -> int:
        self.tables.write(SHIPMENT, [shipment], {"carrier": self.carrier})
        box = {"shipment": f"{SHIPMENT},{shipment}", "shipping_reference": tracking}
        return self.tables.create("stock.package", box)

    def _moves(self, shipment: int, to: str) -> list[int]:
        wanted = [["shipment", "=", f"{SHIPMENT},{shipment}"]]
        return self.tables.search(MOVE, [*wanted, ["to_location", "=", self.places[to]]], {})

    # Fields that are computed

    def shipments(self, sale: int) -> list[int]:
        moves = self.tables.rows[MOVE]
        ours = [move for one, move in moves.items() if self._sale_of_move(one, {}) == sale]
        return sorted({int(move["shipment"].partition(",")[2]) for move in ours})

    def sale_of(self, shipment: int) -> int:
        return next(one for one in self.tables.rows[SALE] if shipment in self.shipments(one))

    def _compute(self) -> None:
        functions = self.tables.functions
        functions[SALE, "shipments"] = lambda one, context: self.shipments(one)
        functions[MOVE, "sale"] = self._sale_of_move
        functions[PRODUCT, "quantity"] = self._quantity
        for name in ("type", "salable", "list_price", "default_uom"):
            functions[PRODUCT, name] = partial(self._of_template, name)

    def _sale_of_move(self, one: int, context: Context) -> int | None:
        origin = self.tables.rows[MOVE][one]["origin"]
        if not origin:
            return None
        return int(self.tables.rows["sale.line"][int(origin.partition(",")[2])]["sale"])

    def _of_template(self, name: str, product: int, context: Context) -> Any:
        template = self.tables.rows[PRODUCT][product]["template"]
        return self.tables.rows[TEMPLATE][template][name]

    def _quantity(self, product: int, context: Context) -> float:
        """Without locations in the context nothing is counted, and nothing said.

        Of several locations each is counted by itself: one that lies in another counts twice.
        """
        found = [m for m in self.tables.rows[MOVE].values() if m["product"] == product]
        done = [move for move in found if move["state"] == "done"]
        counted = (
            move["quantity"] * ((move["to_location"] in zone) - (move["from_location"] in zone))
            for zone in map(self._with_children, context.get("locations") or ())
            for move in done
            if context.get("with_childs")
        )
        return float(sum(counted))

    def _with_children(self, place: int) -> list[int]:
        return self.tables.search("stock.location", [["parent", "child_of", [place], "parent"]], {})

    def _sync_codes(self) -> None:
        for row in self.tables.rows[PRODUCT].values():
            prefix = self.tables.rows[TEMPLATE][row["template"]]["code"] or ""
            row["code"] = prefix + (row["suffix_code"] or "") or None

    def _places(self) -> dict[str, int]:
        make = self.tables.create
        kinds = {"STO": "storage", "OUT": "storage", "IN": "storage", "CUS": "customer"}
        kinds["LOST"] = "lost_found"
        places = {
            code: make("stock.location", {"code": code, "type": kind, "name": code})
            for code, kind in kinds.items()
        }
        zones = {"storage_location": places["STO"], "output_location": places["OUT"]}
        hall = {"code": "WH", "name": "Warehouse", "type": "warehouse", **zones}
        places["WH"] = make("stock.location", hall)
        for zone in ("STO", "OUT", "IN"):
            self.tables.rows["stock.location"][places[zone]]["parent"] = places["WH"]
        return places
