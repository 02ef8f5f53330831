"""The statements that each run costs, composed once; only values are new from run to run.

The ORM composes its SQL anew each time. For the hundred columns around a run, and the dozen that
its end writes, that takes a worker several times as long as the database takes to answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, cached_property
from typing import Any

from django.db import connection
from django.db.models import Field, Model


def repeated_cursor() -> Any:
    """For a statement that is sent again and again in the same words: planned once, if it can be.

    Its parameters go beside it, so each needs a type that the database can tell.
    """
    prepared = getattr(connection, "prepared_cursor", None)
    return prepared() if prepared else connection.cursor()


class WholeRows:
    """Reads whole rows of several tables at once.

    `models` by their aliases in `source` (FROM and WHERE); `facts` are further truth values.
    `lock`: the aliases whose rows are locked, where the database locks rows.
    """

    def __init__(
        self,
        models: Mapping[str, type[Model]],
        source: str,
        *,
        lock: str,
        facts: Sequence[str] = (),
    ) -> None:
        self._models, self._source, self._lock, self._facts = models, source, lock, facts

    def first(self, parameters: Sequence[Any]) -> tuple[dict[str, Any], list[bool]] | None:
        """The row's models by alias, None for one that has no row, and the facts."""
        locks = connection.features.has_select_for_update
        with repeated_cursor() as cursor:
            cursor.execute(self._locking if locks else self._plain, parameters)
            values = cursor.fetchone()
        if values is None:
            return None
        found, start = {}, 0
        for alias, model in self._models.items():
            end = start + len(model._meta.concrete_fields)
            found[alias] = _made(model, values[start:end])
            start = end
        return found, [bool(value) for value in values[start:]]

    @cached_property
    def _plain(self) -> str:
        name = connection.ops.quote_name
        columns = [
            f"{alias}.{name(str(field.column))}"
            for alias, model in self._models.items()
            for field in model._meta.concrete_fields
        ]
        return f"SELECT {', '.join([*columns, *self._facts])} {self._source}"

    @cached_property
    def _locking(self) -> str:
        return f"{self._plain} FOR NO KEY UPDATE OF {self._lock}"


def update(model: type[Model], where: Mapping[str, object], values: Mapping[str, object]) -> int:
    """As `filter(**where).update(**values)` of plain values by the names of columns' attributes."""
    given = {name: value for name, value in where.items() if value is not None}
    empty = tuple(name for name in where if name not in given)
    statement, fields = _update(model, tuple(values), tuple(given), empty)
    parameters = [
        field.get_db_prep_save(value, connection)
        for field, value in zip(fields, [*values.values(), *given.values()], strict=True)
    ]
    with repeated_cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


@cache
def _update(
    model: type[Model], values: tuple[str, ...], given: tuple[str, ...], empty: tuple[str, ...]
) -> tuple[str, list[Field[Any, Any]]]:
    """The statement and the fields of its parameters; `empty` are those that are to be NULL."""
    fields = {field.attname: field for field in model._meta.concrete_fields}
    column = {name: connection.ops.quote_name(str(one.column)) for name, one in fields.items()}
    setting = ", ".join(f"{column[name]} = %s" for name in values)
    wanted = [f"{column[name]} = %s" for name in given]
    wanted += [f"{column[name]} IS NULL" for name in empty]
    table = connection.ops.quote_name(model._meta.db_table)
    statement = f"UPDATE {table} SET {setting} WHERE {' AND '.join(wanted)}"  # noqa: S608
    return statement, [fields[name] for name in (*values, *given)]


Converter = Callable[[Any], Any]
_CONVERTERS: dict[tuple[str, type[Model]], list[tuple[int, Converter]]] = {}


def _made(model: type[Model], values: Sequence[Any]) -> Model | None:
    fields = model._meta.concrete_fields
    converted = list(values)
    for position, convert in _converters(model):
        converted[position] = convert(converted[position])
    made = model.from_db(connection.alias, [field.attname for field in fields], converted)
    return None if made.pk is None else made


def _converters(model: type[Model]) -> list[tuple[int, Converter]]:
    """What turns a value of the database's into the field's, as the ORM does."""
    key = connection.vendor, model
    if key not in _CONVERTERS:
        _CONVERTERS[key] = [
            (position, _bound(convert, expression))
            for position, field in enumerate(model._meta.concrete_fields)
            for expression in [field.get_col(model._meta.db_table)]
            for convert in [
                *connection.ops.get_db_converters(expression),
                *expression.get_db_converters(connection),
            ]
        ]
    return _CONVERTERS[key]


def _bound(convert: Callable[..., Any], expression: Any) -> Converter:
    return lambda value: convert(value, expression, connection)
