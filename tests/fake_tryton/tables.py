"""Records of a pretended Tryton: its models and fields, its domains, its related fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.fake_tryton.schema import MODELS

Record = dict[str, Any]
FINEST = Decimal("0.0001")
Context = Mapping[str, Any]


class UserError(Exception):
    """What Tryton says to a person."""


@dataclass
class Tables:
    """`functions` computes the fields that are kept nowhere: (model, field) to (id, context)."""

    rows: dict[str, dict[int, Record]] = field(
        default_factory=lambda: {model: {} for model in MODELS}
    )
    functions: dict[tuple[str, str], Callable[[int, Context], Any]] = field(default_factory=dict)
    _last: datetime = datetime(2000, 1, 1, tzinfo=UTC)

    # Writing

    def create(self, model: str, values: Mapping[str, Any]) -> int:
        """Nested records come as `[["create", [...]]]`."""
        _check(model, values)
        new = max(self.rows[model], default=0) + 1
        nested = {name: value for name, value in values.items() if MODELS[model][name].many}
        plain = {name: value for name, value in values.items() if name not in nested}
        blank = dict.fromkeys(MODELS[model])
        self.rows[model][new] = {
            **blank, "active": True, **plain, "id": new, "create_date": self.now(),
            "write_date": None,
        }  # fmt: skip
        self._nest(model, new, nested)
        return new

    def write(self, model: str, ids: list[int], values: Mapping[str, Any]) -> None:
        _check(model, values)
        nested = {name: value for name, value in values.items() if MODELS[model][name].many}
        plain = {name: value for name, value in values.items() if name not in nested}
        for one in ids:
            self.rows[model][one].update(plain, write_date=self.now())
            self._nest(model, one, nested)

    def _nest(self, model: str, one: int, nested: Mapping[str, Any]) -> None:
        for name, commands in nested.items():
            target = MODELS[model][name]
            for command, children in commands:
                assert command == "create", f"the pretended Tryton does not {command}"
                for child in children:
                    self.create(target.model, {**child, target.inverse: one})

    def now(self) -> datetime:
        """Never the same instant twice, even where the test's clock stands still."""
        self._last = max(datetime.now(UTC), self._last + timedelta(microseconds=1))
        return self._last

    # Reading

    def search(self, model: str, domain: list[Any], context: Context) -> list[int]:
        check_domain(model, domain)
        rows = self.rows[model]
        wanted = [one for one in sorted(rows) if self._fits(model, one, domain, context)]
        tested = context.get("active_test", True) and "active" in MODELS[model]
        return [one for one in wanted if not tested or rows[one]["active"]]

    def read(self, model: str, one: int, fields: list[str], context: Context) -> Record:
        answer: Record = {"id": one}
        for path in fields:
            self._put(answer, model, one, path.split("."), context)
        return answer

    def _put(self, into: Record, model: str, one: int, path: list[str], context: Context) -> None:
        name, *rest = path
        value = self.value(model, one, name, context)
        if not rest:
            into[name] = value
            return
        kind, key = MODELS[model][name], f"{name}."
        if kind.many:
            into.setdefault(key, [{"id": child} for child in value])
            for child in into[key]:
                self._put(child, kind.model, child["id"], rest, context)
        elif value is None:
            into[key] = None
        else:
            into.setdefault(key, {"id": value})
            self._put(into[key], kind.model, value, rest, context)

    def value(self, model: str, one: int, name: str, context: Context) -> Any:
        """Of relations the id or ids, of references `model,id`."""
        _known(model, name)
        if computed := self.functions.get((model, name)):
            return computed(one, context)
        kind = MODELS[model][name]
        if kind.many:
            back = f"{model},{one}" if MODELS[kind.model][kind.inverse].reference else one
            children = self.rows[kind.model].items()
            return [child for child, row in children if row[kind.inverse] == back]
        return self.rows[model][one][name]

    # Domains

    def _fits(self, model: str, one: int, domain: list[Any], context: Context) -> bool:
        if not domain:
            return True
        if domain[0] in ("AND", "OR"):
            parts = [self._fits(model, one, part, context) for part in domain[1:]]
            return any(parts) if domain[0] == "OR" else all(parts)
        if isinstance(domain[0], str):
            return self._clause(model, one, domain, context)
        return all(self._fits(model, one, part, context) for part in domain)

    def _clause(self, model: str, one: int, clause: list[Any], context: Context) -> bool:
        path, operator, wanted = clause[:3]
        if operator == "child_of":
            return any(parent in wanted for parent in self._parents(model, one, path))
        values = list(self._values(model, one, path.split("."), context))
        return any(OPERATORS[operator](value, wanted) for value in values)

    def _parents(self, model: str, one: int | None, path: str) -> Iterator[int]:
        while one:
            yield one
            one = self.rows[model][one][path]

    def _values(self, model: str, one: int, path: list[str], context: Context) -> Iterator[Any]:
        name, *rest = path
        value, kind = self.value(model, one, name, context), MODELS[model][name]
        if not rest:
            yield value
            return
        for child in value if kind.many else [value] if value else []:
            yield from self._values(kind.model, child, rest, context)


def check_domain(model: str, domain: list[Any]) -> None:
    """Every name and operator is looked at, though there be no record to try it on."""
    if domain and isinstance(domain[0], str) and domain[0] not in ("AND", "OR"):
        check_path(model, domain[0])
        if domain[1] != "child_of":
            OPERATORS[domain[1]]
        return
    for part in domain:
        if isinstance(part, list):
            check_domain(model, part)


def check_path(model: str, path: str) -> None:
    name, _, rest = path.partition(".")
    _known(model, name)
    if rest:
        check_path(MODELS[model][name].model, rest)


def _known(model: str, *names: str) -> None:
    """Tryton fails with a KeyError on what it has not, as here."""
    for name in names:
        MODELS[model][name]


def _check(model: str, values: Mapping[str, Any]) -> None:
    _known(model, *values)
    for name, value in values.items():
        if isinstance(value, Decimal) and value != value.quantize(FINEST):
            raise UserError(f'The digits of "{name}" exceed the limit of "4".')


def _like(value: Any, pattern: str) -> bool:
    parts = re.findall(r"\\.|.", pattern)
    signs = {"%": ".*", "_": "."}
    expression = "".join(signs.get(part) or re.escape(part[-1]) for part in parts)
    return value is not None and re.fullmatch(expression, value, re.IGNORECASE) is not None


OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda value, wanted: bool(value == wanted),
    "!=": lambda value, wanted: bool(value != wanted),
    "in": lambda value, wanted: value in wanted,
    ">": lambda value, wanted: value is not None and bool(value > wanted),
    ">=": lambda value, wanted: value is not None and bool(value >= wanted),
    "ilike": _like,
}
