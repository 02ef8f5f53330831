"""Fills an empty Tryton: a company with chart and goods in stock, a carrier, an integration user.

Run by Tryton's own Python, once for each template database; arguments: the database's URI, Tryton's
configuration file, name and password of the user that omsauto is to be.
"""

import datetime as dt
import sys
from decimal import Decimal
from typing import Any

from proteus import Model, Wizard, config  # type: ignore[import-not-found]

PRODUCTS = (("TEA-1", "Mint tea", "9.50", 50), ("CUP-1", "Cup", "4.00", 5))
GROUPS = ("Sales", "Stock", "Product Administration", "Account Product Administration")
"""No more than `docs/connectors/tryton.md` asks for."""


def main(uri: str, config_file: str, user: str, password: str) -> None:
    session = config.set_trytond(uri, config_file=config_file)
    company = make_company(session)
    revenue, expense = make_chart(company)
    category = Model.get("product.category")(name="Goods", accounting=True)
    category.account_revenue, category.account_expense = revenue, expense
    category.save()
    products = [make_product(category, code, name, price) for code, name, price, _ in PRODUCTS]
    count_in(products, [quantity for *_, quantity in PRODUCTS])
    make_carrier(category)
    make_user(company, user, password)


def make_company(session: Any) -> Any:
    currencies, countries = Model.get("currency.currency"), Model.get("country.country")
    dollar = currencies(name="US Dollar", symbol="$", code="USD", digits=2)
    dollar.rounding = Decimal("0.01")
    dollar.rates.new(date=dt.date(2020, 1, 1), rate=Decimal(1))
    dollar.save()
    states = countries(name="United States", code="US")
    states.subdivisions.new(name="Texas", code="US-TX", type="state")
    states.save()
    countries(name="Germany", code="DE").save()
    party = Model.get("party.party")(name="Warehouse Company")
    party.save()
    company = Model.get("company.company")(party=party, currency=dollar)
    company.save()
    admin = Model.get("res.user")(session.user)
    admin.companies.append(company)
    admin.company = company
    held = {group.id for group in admin.groups}
    for group in Model.get("res.group").find([]):
        if group.id not in held:
            admin.groups.append(group)
    admin.save()
    session._context = Model.get("res.user").get_preferences(True, {})
    return company


def make_chart(company: Any) -> tuple[Any, Any]:
    """The minimal chart of the account module; answers with a revenue and an expense account."""
    accounts, templates = Model.get("account.account"), Model.get("account.account.template")
    wizard = Wizard("account.create_chart")
    wizard.execute("account")
    wizard.form.account_template = templates.find([("parent", "=", None)])[0]
    wizard.form.company = company
    wizard.execute("create_account")
    kinds = ("receivable", "payable", "revenue", "expense")
    found = [accounts.find([(f"type.{kind}", "=", True)], limit=1)[0] for kind in kinds]
    wizard.form.account_receivable, wizard.form.account_payable = found[:2]
    wizard.execute("create_properties")
    return found[2], found[3]


def make_product(category: Any, code: str, name: str, price: str, kind: str = "goods") -> Any:
    unit = Model.get("product.uom").find([("name", "=", "Unit")])[0]
    template = Model.get("product.template")(name=name, type=kind, default_uom=unit)
    template.salable, template.list_price = kind == "goods", Decimal(price)
    template.account_category = category
    template.products[0].suffix_code = code
    template.save()
    return template.products[0]


def count_in(products: list[Any], quantities: list[int]) -> None:
    storage = Model.get("stock.location").find([("code", "=", "STO")])[0]
    inventory = Model.get("stock.inventory")(location=storage)
    for product, quantity in zip(products, quantities, strict=True):
        inventory.lines.new(product=product, quantity=float(quantity))
    inventory.save()
    inventory.click("confirm")


def make_carrier(category: Any) -> None:
    party = Model.get("party.party")(name="Parcel Post")
    party.save()
    service = make_product(category, "CARRIAGE", "Carriage", "5.00", kind="service")
    Model.get("carrier")(party=party, carrier_product=service).save()


def make_user(company: Any, login: str, password: str) -> None:
    user = Model.get("res.user")(name="omsauto", login=login, password=password)
    user.companies.append(Model.get("company.company")(company.id))
    user.company = user.companies[0]
    for group in Model.get("res.group").find([("name", "in", GROUPS)]):
        user.groups.append(group)
    user.save()


if __name__ == "__main__":
    main(*sys.argv[1:])
