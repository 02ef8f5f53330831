"""Small pieces of HTML; every value that comes from outside passes `esc`."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

UNSEEN_HEAD = '<span class="unseen">Actions</span>'


def esc(value: object) -> str:
    return html.escape(str(value))


def badge(word: str, tone: str = "") -> str:
    return f'<span class="badge {tone}">{esc(word)}</span>'


def button(label: str, style: str = "", name: str = "", value: object = "") -> str:
    sent = f' name="{name}" value="{esc(value)}"' if name else ""
    return f'<button class="{style}"{sent}>{esc(label)}</button>'


def form(action: str, content: str, style: str = "row") -> str:
    return f'<form method="post" action="{esc(action)}" class="{style}">{content}</form>'


def hidden(**values: object) -> str:
    return "".join(
        f'<input type="hidden" name="{name}" value="{esc(value)}">'
        for name, value in values.items()
    )


def number(label: str, name: str, value: object, low: int = 0, high: int = 1_000_000) -> str:
    return (
        f'<label>{esc(label)}<input type="number" name="{name}" value="{esc(value)}"'
        f' min="{low}" max="{high}" required></label>'
    )


def line(label: str, name: str, value: object = "", more: str = "") -> str:
    """A text field; `more` holds further attributes."""
    return (
        f'<label class="wide">{esc(label)}<input name="{name}" value="{esc(value)}" {more}></label>'
    )


def shown(label: str, value: object) -> str:
    """A value to copy."""
    return f'<label class="wide">{esc(label)}<input value="{esc(value)}" readonly></label>'


def choice(label: str, name: str, options: Iterable[tuple[str, str]]) -> str:
    listed = "".join(f'<option value="{esc(v)}">{esc(word)}</option>' for v, word in options)
    return f'<label class="wide">{esc(label)}<select name="{name}">{listed}</select></label>'


def table(name: str, heads: Sequence[str], rows: Sequence[Sequence[str]], empty: str) -> str:
    """Cells are finished HTML; the last column holds actions where its head is empty."""
    if not rows:
        return f'<p class="soft">{esc(empty)}</p>'
    top = "".join(f'<th scope="col">{esc(head) or UNSEEN_HEAD}</th>' for head in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return (
        f'<div class="scroll" role="region" aria-label="{esc(name)}" tabindex="0"><table>'
        f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def figures(values: Iterable[tuple[str, int]]) -> str:
    inner = "".join(f"<div><dt>{esc(word)}</dt><dd>{count}</dd></div>" for word, count in values)
    return f'<dl class="figures">{inner}</dl>'


def card(title: str, content: str) -> str:
    return f'<section class="card"><h3>{esc(title)}</h3>{content}</section>'


def drawer(title: str, content: str, *, opened: bool = False) -> str:
    state = " open" if opened else ""
    return f'<details class="card"{state}><summary>{esc(title)}</summary>{content}</details>'


def clock(instant: str) -> str:
    """The time of day of an ISO instant, the whole of it on hover."""
    return f'<time class="nowrap" datetime="{instant}" title="{instant}">{instant[11:19]}</time>'
