"""What needs attention: the items above the overview, and the list of all findings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.http import HttpResponse
from django.urls import reverse

from accounts.models import Account
from jobs.pages.findings import (
    Action,
    Cause,
    Finding,
    concerns_of,
    findings,
    parked_text,
    read_concerned,
)
from jobs.pages.here import Here, page
from jobs.pages.paging import SIZE, number
from jobs.pages.standing import Standing, standings, worst_first
from jobs.pulse import Pulse
from jobs.world import World

ITEMS = 8
ALONE = 3
"""So many channels with an equal finding are told one by one; more of them together."""
NAMED = 3


@dataclass(frozen=True)
class Item:
    """One thing to look at. `who` is a channel or a number of channels, "" for all of it.

    `members` are the first of a group's findings, each with its own place; `more` the others.
    """

    key: str
    tone: str
    who: str
    text: str
    actions: tuple[Action, ...] = ()
    members: tuple[Finding, ...] = ()
    more: int = 0


@dataclass(frozen=True)
class Attention:
    """The gravest items, and how many more there are."""

    items: Sequence[Item]
    more: int


def attention(account: Account, pulse: Pulse, found: Iterable[Finding]) -> Attention:
    first = [*_of_installation(pulse), *_of_account(account)]
    groups = _together(found)
    room = max(0, ITEMS - len(first))
    items = [*first, *map(_item, groups[:room])]
    return Attention(sorted(items, key=lambda item: item.tone != "bad"), len(groups[room:]))


def find_all(world: World, lines: Iterable[Standing]) -> list[Finding]:
    """Those of all channels, the worst channel first; the world has the `CONCERNED` jobs."""
    settings = concerns_of(world)
    return [
        finding
        for line in worst_first(lines)
        for finding in findings(line, settings.get(line.channel.pk, ()))
    ]


def _of_installation(pulse: Pulse) -> list[Item]:
    found = []
    if pulse.clock_silent:
        text = (
            "The clock is silent: nothing scheduled starts. Whoever runs this installation "
            "should see that the beat process lives."
        )
        found.append(Item("clock", "bad", "", text))
    waiting = (Action("See what waits", f"{reverse('runs')}?status=queued"),)
    if pulse.worker == "silent":
        text = (
            "No worker takes the runs that are due. Whoever runs this installation should see "
            "that the worker process lives and reaches its broker."
        )
        found.append(Item("worker", "bad", "", text, waiting))
    if pulse.full:
        text = (
            "The queue is full: runs that are due wait, though a worker lives. They start in turn; "
            "whoever runs this installation can give the workers more concurrency, and should "
            "look at their log if the queue does not get shorter."
        )
        found.append(Item("queue", "warn", "", text, waiting))
    return found


def _of_account(account: Account) -> list[Item]:
    if account.enabled:
        return []
    text = "This account is disabled: no job runs, and webhooks are held."
    return [Item("account", "warn", "", text, (Action("Open the account", reverse("account")),))]


def _together(found: Iterable[Finding]) -> list[list[Finding]]:
    """Equal findings of many channels as one group, the others alone, by the order of causes."""
    groups: dict[tuple[Cause, str], list[Finding]] = defaultdict(list)
    for finding in found:
        text = "" if finding.cause == Cause.PARKED else finding.text
        groups[finding.cause, text].append(finding)
    order = list(Cause)
    together = []
    for _same, members in sorted(groups.items(), key=lambda one: order.index(one[0][0])):
        together += [[one] for one in members] if len(members) <= ALONE else [members]
    return together


def _item(members: list[Finding]) -> Item:
    return alone_item(members[0]) if len(members) == 1 else _group(members)


def alone_item(finding: Finding) -> Item:
    who = finding.channel.name
    return Item(finding.key, finding.tone, who, finding.text, finding.actions)


def _group(members: list[Finding]) -> Item:
    first, shown = members[0], tuple(members[:NAMED])
    cause, text = first.cause, first.text
    actions = [Action(f"Show all {len(members)}", list_url(cause))]
    if cause == Cause.PARKED:
        text = parked_text(sum(one.amount for one in members))
        actions.insert(0, Action("Open the parked records", f"{reverse('records')}?tab=parked"))
    return Item(
        key=f"all-{first.key}",
        tone=first.tone,
        who=f"{len(members)} channels",
        text=text,
        actions=tuple(actions),
        members=shown,
        more=len(members) - len(shown),
    )


def list_url(cause: Cause) -> str:
    return f"{reverse('attention')}?cause={cause.value}"


@page()
def list_attention(here: Here) -> HttpResponse:
    """Every finding one by one, those of one cause where the query names it."""
    lines = standings(here.account, here.at)
    found = find_all(read_concerned(here.account, lines), lines)
    chosen = here.request.GET.get("cause", "")
    wanted = [one for one in found if chosen not in Cause or one.cause == chosen]
    start = number(here.request, "from") or 0
    query = f"cause={chosen}&" if chosen in Cause else ""
    context = {
        "items": [alone_item(one) for one in wanted[start : start + SIZE]],
        "tabs": [("", "All", len(found)), *_tabs(found)],
        "chosen": chosen if chosen in Cause else "",
        "next_url": f"?{query}from={start + SIZE}" if len(wanted) > start + SIZE else None,
        "newest_url": f"?{query.rstrip('&')}" if start else None,
        "nav_current": "overview",
    }
    return here.render("jobs/attention.html", context)


def _tabs(found: list[Finding]) -> list[tuple[str, str, int]]:
    """(cause, label, findings) of the causes that occur."""
    causes = [finding.cause for finding in found]
    return [
        (cause.value, str(cause.label), causes.count(cause)) for cause in Cause if cause in causes
    ]
