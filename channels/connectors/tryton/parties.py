"""Who a shipment goes to: Tryton's party and address, found again or made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channels.connectors.base import Misconfigured, Permanent
from channels.connectors.tryton.rpc import Rpc

ADDRESS, PARTY = "party.address", "party.party"


def recipient(
    rpc: Rpc, ship_to: Mapping[str, str], order_number: str, booked_on: str = ""
) -> tuple[int, int]:
    """The ids of party and address; asked again, the same ones.

    `booked_on`: the name of the one party that all orders are booked on, "" for one of its own
    for each customer.
    """
    parts = {name: str(text or "").strip() for name, text in ship_to.items()}
    called = parts.get("company") or parts.get("name") or f"Customer of order {order_number}"
    address = _address(rpc, parts)
    if booked_on:
        party = rpc.row(PARTY, [["name", "=", booked_on]], ["id"])
        if party is None:
            raise Misconfigured(f"Tryton has no party {booked_on!r}: make it, or enter another")
        address["party_name"] = ", ".join(dict.fromkeys(filter(None, (called, parts.get("name")))))
        owner = [["party", "=", party["id"]]]
        found = _same(rpc, owner, address)
        return party["id"], found or _made(rpc, ADDRESS, {**address, "party": party["id"]})
    address["party_name"] = parts.get("name") if parts.get("company") else None
    address["party_name"] = address["party_name"] or None
    return _own_party(rpc, called, address)


def _own_party(rpc: Rpc, called: str, address: dict[str, Any]) -> tuple[int, int]:
    found = _same(rpc, [["party.name", "=", called]], address)
    if not found:
        party = _made(rpc, PARTY, {"name": called, "addresses": [["create", [address]]]})
        found = _same(rpc, [["party", "=", party]], address)
    row = rpc.row(ADDRESS, [["id", "=", found]], ["party"])
    if row is None:
        raise Permanent(f"Tryton did not keep the address of {called}")
    return int(row["party"]), int(row["id"])


def _same(rpc: Rpc, owner: list[Any], address: Mapping[str, Any]) -> int:
    """The id of this very address; 0 where there is none."""
    domain = [*owner, *([name, "=", value] for name, value in address.items())]
    row = rpc.row(ADDRESS, domain, ["id"])
    return int(row["id"]) if row else 0


def _made(rpc: Rpc, model: str, values: Mapping[str, Any]) -> int:
    return int(rpc.call(f"{model}.create", [values])[0])


def _address(rpc: Rpc, parts: Mapping[str, str]) -> dict[str, Any]:
    """An address without its name. A state that Tryton does not know stands by the city."""
    country = _country(rpc, parts.get("country", ""))
    state = parts.get("state", "")
    subdivision = _subdivision(rpc, country, parts.get("country", ""), state)
    city = parts.get("city", "")
    if state and not subdivision:
        city = ", ".join(filter(None, (city, state)))
    street = "\n".join(filter(None, (parts.get("street"), parts.get("street_2"))))
    return {
        "street": street or None,
        "postal_code": parts.get("postcode") or None,
        "city": city or None,
        "country": country,
        "subdivision": subdivision,
    }


def _country(rpc: Rpc, code: str) -> int | None:
    """By ISO 3166 code, or by name."""
    if not code:
        return None
    either = ["OR", ["code", "=", code.upper()], ["name", "=", code]]
    row = rpc.row("country.country", either, ["id"])
    if row is None:
        raise Permanent(
            f"Tryton knows no country {code}: add it there, or load all of them with "
            "trytond_import_countries"
        )
    return int(row["id"])


def _subdivision(rpc: Rpc, country: int | None, code: str, state: str) -> int | None:
    """By code, with or without the country's, or by name."""
    if not (country and state):
        return None
    codes = [state.upper(), f"{code.upper()}-{state.upper()}"]
    either = ["OR", ["code", "in", codes], ["name", "=", state]]
    row = rpc.row("country.subdivision", [["country", "=", country], either], ["id"])
    return int(row["id"]) if row else None
