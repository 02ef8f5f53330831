"""Sealing anew what is sealed with a former key, while everything goes on.

A row is written only where it still holds what was read, so that a save meanwhile wins; what that
save sealed with a former key, in a process not restarted yet, the next pass finds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from django.apps import apps
from django.db import models, transaction

from accounts.sealing import SealedField, Unreadable, is_current, seal, unseal

BATCH = 200
MORE_PASSES = 3
"""A column is gone through again where others wrote to it meanwhile."""


@dataclass
class Tally:
    """Of one column: rows sealed anew in all passes, those that do not open, and those that were
    saved during the last pass and may still hold a former key."""

    column: str
    resealed: int = 0
    unreadable: int = 0
    overtaken: int = 0


@dataclass(frozen=True)
class Column:
    model: type[models.Model]
    name: str

    def __str__(self) -> str:
        return f"{self.model._meta.label}.{self.name}"


def columns() -> list[Column]:
    """Every column that holds sealed text, in every installed app."""
    return [
        Column(model, field.name)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, SealedField)
    ]


def rotate(column: Column) -> Tally:
    """Seal a column's rows with the first key; only what had another one is written."""
    tally = _pass(column)
    for _ in range(MORE_PASSES):
        if not tally.overtaken:
            break
        again = _pass(column)
        tally = replace(again, resealed=tally.resealed + again.resealed)
    return tally


def _pass(column: Column) -> Tally:
    tally = Tally(str(column))
    for rows in _batches(column):
        # Short transactions: a lock on a channel's row must not keep its workers waiting.
        with transaction.atomic():
            for pk, sealed in rows:
                _reseal(column, pk, sealed, tally)
    return tally


def _batches(column: Column) -> Iterator[list[tuple[int, str]]]:
    last = 0
    while True:
        left = column.model._base_manager.filter(pk__gt=last).exclude(**{column.name: ""})
        rows = list(left.order_by("pk").values_list("pk", column.name)[:BATCH])
        if not rows:
            return
        yield rows
        last = rows[-1][0]


def _reseal(column: Column, pk: int, sealed: str, tally: Tally) -> None:
    if is_current(sealed):
        return
    try:
        anew = seal(unseal(sealed))
    except Unreadable:
        tally.unreadable += 1
        return
    same = column.model._base_manager.filter(pk=pk, **{column.name: sealed})
    if same.update(**{column.name: anew}):
        tally.resealed += 1
    else:
        tally.overtaken += 1
