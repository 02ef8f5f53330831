"""A small assortment and a few customers, for samples and random orders."""

from __future__ import annotations

import secrets
from typing import Any

PRODUCTS = (
    ("TEA-ASSAM-100", "Assam leaf tea, 100 g", "8.90", "4006381333931"),
    ("TEA-SENCHA-100", "Sencha green tea, 100 g", "11.50", "4006381333948"),
    ("TEA-MINT-050", "Peppermint leaves, 50 g", "5.20", "4006381333955"),
    ("POT-GLASS-1L", "Glass teapot, 1 litre", "34.00", "4006381333962"),
    ("CUP-STONE-02", "Stoneware cups, set of 2", "22.50", "4006381333979"),
    ("FILTER-PAPER-100", "Paper filters, 100 pieces", "3.80", "4006381333986"),
    ("SCALE-MINI", "Pocket scale, 0.1 g", "18.90", "4006381333993"),
    ("TIN-ROUND-L", "Round tea tin, large", "9.40", "4006381334006"),
)
CUSTOMERS = (
    ("Ada Brook", "12 Mill Lane", "Bristol", "BS1 4QA", "GB"),
    ("Jonas Weber", "Lindenweg 7", "Leipzig", "04107", "DE"),
    ("Mina Rao", "48 Lake Road", "Pune", "411001", "IN"),
    ("Luc Martin", "3 rue des Tilleuls", "Lyon", "69003", "FR"),
    ("Sofia Alvarez", "Calle Olmo 21", "Valencia", "46003", "ES"),
    ("Noah Field", "905 Cedar Street", "Portland", "97205", "US"),
)


def customer() -> dict[str, Any]:
    """E-mail and address of somebody who does not exist."""
    name, street, city, postcode, country = secrets.choice(CUSTOMERS)
    ship_to = {
        "name": name, "street": street, "city": city, "postcode": postcode, "country": country,
    }  # fmt: skip
    return {"email": f"{name.split()[0].lower()}@example.com", "ship_to": ship_to}


def random_lines(products: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One to three lines with different SKUs of these products."""
    left = list({product["sku"]: product for product in products}.values())
    count = min(1 + secrets.randbelow(3), len(left))
    chosen = [left.pop(secrets.randbelow(len(left))) for _ in range(count)]
    return [
        {key: product[key] for key in ("sku", "name", "price")}
        | {"quantity": 1 + secrets.randbelow(3)}
        for product in chosen
    ]


def samples() -> list[dict[str, Any]]:
    return [
        {"sku": sku, "name": name, "price": price, "barcode": barcode}
        for sku, name, price, barcode in PRODUCTS
    ]
