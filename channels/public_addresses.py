"""Which addresses are the public internet's, and not of this machine or a network around it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_PROVIDERS = frozenset({ipaddress.ip_address("168.63.129.16")})
"""Public by number, but each machine of that cloud reaches its own host there."""
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
"""NAT64 (RFC 6052): the last four bytes are the IPv4 address that is really called."""
_COMPATIBLE = ipaddress.ip_network("::/96")
_NEVER = tuple(
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",  # protocols of a link or a provider's network
        "64:ff9b:1::/48",  # translation inside a network
        "3fff::/20",  # documentation
        "fec0::/10",  # site-local, out of use and still routed by some
        "5f00::/16",  # segment routing inside a network
        "192.88.99.0/24",  # relays of 6to4, out of use
    )
)
"""Not the internet's, whatever this version of Python says of them."""


def is_public(address: Address) -> bool:
    """Is this an address of the internet, and with it the IPv4 address that it may carry?"""
    return all(_is_public(each) for each in (address, *_carried(address)))


def _is_public(address: Address) -> bool:
    if _is_shell(address):
        return True  # only what it carries counts
    local = address.is_multicast or address in _PROVIDERS
    return address.is_global and not local and not any(address in network for network in _NEVER)


def _is_shell(address: Address) -> bool:
    """Is it only another way to write an IPv4 address?"""
    if not isinstance(address, ipaddress.IPv6Address):
        return False
    return address.ipv4_mapped is not None or address in _TRANSLATED


def _carried(address: Address) -> Iterator[Address]:
    """IPv4 addresses inside an IPv6 one: mapped, compatible, 6to4, Teredo, NAT64."""
    if not isinstance(address, ipaddress.IPv6Address):
        return
    if address.ipv4_mapped:
        yield address.ipv4_mapped
    if address.sixtofour:
        yield address.sixtofour
    if address.teredo:
        yield from address.teredo
    if address in _TRANSLATED or address in _COMPATIBLE:
        yield ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
