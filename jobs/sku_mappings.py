"""Changing what a channel calls our products; what waited for it is asked for, and stock told."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from accounts.models import HistoryEntry, User
from channels.models import Channel
from jobs import stock
from jobs.change import Refused
from jobs.replays import Replay, retry_waiting_for
from oms import listed_stock, sku_mapping_csv
from oms.catalog import SKU_LENGTH, find_product, find_products
from oms.models import Product, SkuMapping, sku_key
from oms.sku_mapping_csv import Fault, Row
from oms.sync_inventory import MANUAL, mode_of

BATCH = 500


@dataclass
class Imported:
    """What an import did or, as a dry run, would do; with `faults` it did nothing."""

    created: list[Row] = field(default_factory=list)
    updated: list[Row] = field(default_factory=list)
    unchanged: int = 0
    faults: list[Fault] = field(default_factory=list)
    replay: Replay = field(default_factory=Replay)


def add(
    channel: Channel, channel_sku: str, sku: str, at: datetime, actor: User
) -> tuple[SkuMapping, Replay]:
    """The channel's SKU means our product of that SKU from now on. Raises `Refused`."""
    product = _product(channel, sku)
    mapping = SkuMapping(channel=channel, external_sku=_checked(channel_sku), product=product)
    with transaction.atomic():
        _lock(channel)
        _save(mapping)
        _note(channel, at, actor, f"SKU {mapping.external_sku} is {product}")
        return mapping, _ask_again(channel, _names(mapping), at, actor)


def change(
    mapping: SkuMapping,
    at: datetime,
    actor: User,
    *,
    channel_sku: str | None = None,
    sku: str | None = None,
) -> tuple[SkuMapping, Replay]:
    """Write what is given. Raises `Refused`."""
    channel = mapping.channel
    with transaction.atomic():
        _lock(channel)
        rows = SkuMapping.objects.select_for_update(of=("self",)).select_related("product")
        row = rows.get(pk=mapping.pk)
        row.channel = channel
        was, names = f"{row.external_sku} is {row.product}", _names(row)
        if channel_sku is not None:
            row.external_sku = _checked(channel_sku)
        if sku is not None:
            row.product = _product(channel, sku)
        now = f"{row.external_sku.strip()} is {row.product}"
        if now == was:
            return row, Replay()
        _save(row)
        _note(channel, at, actor, f"SKU {now}, was {was}")
        return row, _ask_again(channel, names | _names(row), at, actor)


def delete(mapping: SkuMapping, at: datetime, actor: User) -> Replay:
    """The channel's SKU means a product with that very SKU again, or none."""
    channel, names = mapping.channel, _names(mapping)
    with transaction.atomic():
        if not SkuMapping.objects.filter(pk=mapping.pk).delete()[0]:
            return Replay()
        said = f"SKU {mapping.external_sku} is no longer mapped to {mapping.product}"
        _note(channel, at, actor, said)
        return _ask_again(channel, names, at, actor)


def import_table(
    channel: Channel, content: bytes | str, at: datetime, actor: User, *, dry_run: bool = False
) -> Imported:
    """Add and change the mappings that a table names; those it does not name stay.

    With a fault in any line nothing is changed.
    """
    rows, faults = sku_mapping_csv.read(content)
    with transaction.atomic():
        _lock(channel)
        known = {one.external_sku_key: one for one in _present(channel)}
        products = find_products(channel.account, [row.sku for row in rows])
        faults += [
            Fault(row.line, f"SKU {row.sku} is not in the catalogue.")
            for row in rows
            if sku_key(row.sku) not in products
        ]
        if faults:
            return Imported(faults=sorted(faults, key=lambda fault: fault.line))
        done, names = _sort(rows, known, products)
        if not dry_run and names:
            _write(channel, done, known, products)
            told = f"SKU mappings imported: {len(done.created)} new, {len(done.updated)} changed"
            _note(channel, at, actor, told)
            done.replay = _ask_again(channel, names, at, actor)
        return done


def _ask_again(channel: Channel, names: set[str], at: datetime, actor: User) -> Replay:
    """For what waited for one of these SKUs; and what a listing shows may be another stock now."""
    products = Product.objects.filter(
        account=channel.account_id, sku_key__in={sku_key(name) for name in names}
    )
    if listed_stock.demand(channel, products) and mode_of(channel) != MANUAL:
        stock.after_commit(stock.tell, [channel.pk], at)
    return retry_waiting_for(channel, names, at, actor)


def _lock(channel: Channel) -> None:
    """Changes of one channel's mappings follow one another: each sees the other's rows."""
    Channel.objects.select_for_update(no_key=True).only("pk").get(pk=channel.pk)


def _present(channel: Channel) -> QuerySet[SkuMapping]:
    return SkuMapping.objects.filter(channel=channel).select_related("product")


def _sort(
    rows: list[Row], known: dict[str, SkuMapping], products: dict[str, Product]
) -> tuple[Imported, set[str]]:
    """What to do with each row, and every SKU whose meaning that changes."""
    done, names = Imported(), set[str]()
    for row in rows:
        mapping, product = known.get(sku_key(row.channel_sku)), products[sku_key(row.sku)]
        if mapping and (mapping.product_id, mapping.external_sku) == (product.pk, row.channel_sku):
            done.unchanged += 1
            continue
        (done.updated if mapping else done.created).append(row)
        names |= {row.channel_sku, product.sku}
        if mapping:
            names |= _names(mapping)
    return done, names


def _write(
    channel: Channel, done: Imported, known: dict[str, SkuMapping], products: dict[str, Product]
) -> None:
    changed = []
    for row in done.updated:
        mapping = known[sku_key(row.channel_sku)]
        mapping.external_sku, mapping.product = row.channel_sku, products[sku_key(row.sku)]
        changed.append(mapping)
    SkuMapping.objects.bulk_update(changed, ["external_sku", "product"], batch_size=BATCH)
    SkuMapping.objects.bulk_create(
        (
            SkuMapping(
                channel=channel,
                external_sku=row.channel_sku,
                external_sku_key=sku_key(row.channel_sku),
                product=products[sku_key(row.sku)],
            )
            for row in done.created
        ),
        batch_size=BATCH,
    )


def _names(mapping: SkuMapping) -> set[str]:
    """The SKUs under which a parked record may wait for this mapping."""
    return {mapping.external_sku, mapping.product.sku}


def _checked(channel_sku: str) -> str:
    sku = channel_sku.strip()
    if not sku or "\x00" in sku:
        raise Refused({"channel_sku": ["Give the SKU that the channel uses."]})
    if len(sku) > SKU_LENGTH:
        text = f"A SKU has at most {SKU_LENGTH} characters; this one has {len(sku)}."
        raise Refused({"channel_sku": [text]})
    return sku


def _product(channel: Channel, sku: str) -> Product:
    product = find_product(channel.account, sku) if "\x00" not in sku else None
    if product is None:
        known = f"SKU {sku.strip()} is not in the catalogue." if sku.strip() else "Give a SKU."
        raise Refused({"sku": [known]})
    return product


def _save(mapping: SkuMapping) -> None:
    """Raises `Refused` where another mapping of the channel has the SKU."""
    try:
        with transaction.atomic():
            mapping.save()
    except IntegrityError as error:
        key = mapping.external_sku_key
        twin = _present(mapping.channel).filter(external_sku_key=key).exclude(pk=mapping.pk).first()
        what = f" to {twin.product}" if twin else ""
        text = f"{mapping.external_sku} is mapped{what} already: change that mapping."
        raise Refused({"channel_sku": [text]}) from error


def _note(channel: Channel, at: datetime, actor: User, subject: str) -> None:
    HistoryEntry.objects.create(
        account_id=channel.account_id,
        channel=channel,
        at=at,
        actor=actor,
        subject=subject[:200],
        new={"sku_mappings": subject},
    )
