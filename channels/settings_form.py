"""The values of a connector's fields as operators and API send them: checked, and made plain.

Page and API ask the same functions. A document of values answers with what is to be stored and
with sentences by field name; where there are sentences, nothing is to be stored.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings as program

from channels.connectors import json_paths
from channels.connectors.base import Connector, Setting
from channels.public_addresses import is_public

LONGEST_VALUE = 2000

Cleaned = tuple[dict[str, Any], dict[str, list[str]]]
"""(values to store, errors by field name). A value of None means: remove what is stored."""


class _Wrong(ValueError):
    """The value does not fit its field; the text says what does."""


def clean_settings(
    connector: type[Connector], values: Mapping[str, Any], partial: bool = False
) -> Cleaned:
    """Check the settings that are no secrets. `partial`: what is not named stays as it is."""
    return _clean([f for f in connector.fields if not f.secret], values, partial, "setting")


def clean_secrets(
    connector: type[Connector], values: Mapping[str, Any], partial: bool = False
) -> Cleaned:
    """The same for the secrets."""
    return _clean([f for f in connector.fields if f.secret], values, partial, "secret")


def merged(stored: Mapping[str, Any], cleaned: Mapping[str, Any]) -> dict[str, Any]:
    """What is stored once the cleaned values are put over it; None removes."""
    values = {**stored, **cleaned}
    return {name: value for name, value in values.items() if value is not None}


def _clean(
    fields: Iterable[Setting], values: Mapping[str, Any], partial: bool, what: str
) -> Cleaned:
    known = {field.name: field for field in fields}
    cleaned: dict[str, Any] = {}
    errors = {
        name: [f"There is no {what} of this name. Known are: {', '.join(known) or 'none'}."]
        for name in values
        if name not in known
    }
    for name, field in known.items():
        if name not in values and partial:
            continue
        try:
            cleaned[name] = _value(field, values.get(name))
        except _Wrong as wrong:
            errors[name] = [str(wrong)]
    return cleaned, errors


def _value(field: Setting, value: Any) -> Any:
    """The value to store, None where there is none; raises `_Wrong`."""
    if isinstance(value, str):
        value = value.strip()
    if value is None or value == "":
        if field.required and field.default is None:
            raise _Wrong(f"{field.label} is required.")
        return None
    return _READERS[field.type](field, value)


def _text(field: Setting, value: Any) -> str:
    if not isinstance(value, str):
        raise _Wrong("This must be text.")
    if len(value) > LONGEST_VALUE:
        raise _Wrong(f"This must have at most {LONGEST_VALUE} characters.")
    if "\x00" in value:
        raise _Wrong("This holds a character that cannot be stored (NUL).")
    return value


def _url(field: Setting, value: Any) -> str:
    text = _text(field, value)
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname, parts.port
    except ValueError as error:
        raise _Wrong("This is not an address.") from error
    if parts.scheme not in ("http", "https") or not host or any(c.isspace() for c in text):
        raise _Wrong("This must be an address that starts with http:// or https://.")
    if parts.username is not None or parts.password is not None:
        raise _Wrong("Enter credentials in their own fields, not in the address.")
    if not program.OMSAUTO_ALLOW_PRIVATE_HOSTS and is_private(host):
        raise _Wrong(
            f"{host} is a private address. Connectors may only call public addresses unless "
            "OMSAUTO_ALLOW_PRIVATE_HOSTS=1 is set for this installation."
        )
    return text


def is_private(host: str) -> bool:
    """Is this literally an address of this machine or its network? Names are not looked up."""
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = _literal(name)
    return address is not None and not is_public(address)


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address a host is written as, also in the old forms (127.1, 0x7f000001)."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        try:
            return ipaddress.IPv4Address(socket.inet_aton(host))
        except OSError:
            return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def _integer(field: Setting, value: Any) -> int:
    """A number, or the text of one as forms send it."""
    wrong = _Wrong("This must be a whole number.")
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise wrong
    try:
        number = int(value)
    except ValueError as error:
        raise wrong from error
    if abs(number) >= 2**53:
        raise _Wrong("This number is too large.")
    return number


_WORDS = {"true": True, "on": True, "false": False, "off": False}


def _boolean(field: Setting, value: Any) -> bool:
    """True or false, or the words for them as forms send them."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _WORDS:
        return _WORDS[value.lower()]
    raise _Wrong("This must be true or false.")


def _choice(field: Setting, value: Any) -> Any:
    allowed = [key for key, _label in field.choices]
    if value not in allowed:
        raise _Wrong(f"Choose one of: {', '.join(allowed)}.")
    return value


def _jsonpath(field: Setting, value: Any) -> str:
    path = _text(field, value)
    try:
        json_paths.compiled(path)
    except json_paths.BadPath as bad:
        raise _Wrong(str(bad)) from bad
    return path


_READERS: dict[str, Callable[[Setting, Any], Any]] = {
    "text": _text,
    "url": _url,
    "integer": _integer,
    "boolean": _boolean,
    "choice": _choice,
    "jsonpath": _jsonpath,
}
