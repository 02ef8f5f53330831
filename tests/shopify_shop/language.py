"""As much of GraphQL as the connector's requests and this shop's schema are written in."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

_TOKENS = re.compile(
    r"(?P<skip>[\s,]+|\#[^\n]*)"
    r'|(?P<token>\.\.\.|[!$():=@\[\]{}|&]|"(?:[^"\\\n]|\\.)*"|-?\d+(?:\.\d+)?|[_A-Za-z]\w*)'
)


class Wrong(Exception):
    """The request is refused as a whole: not parsed, not valid, not allowed."""

    def __init__(self, message: str, code: str = "", **extensions: Any) -> None:
        super().__init__(message)
        self.code, self.extensions = code, extensions


@dataclass(frozen=True)
class Variable:
    name: str


@dataclass(frozen=True)
class Word:
    """A bare name in the place of a value: an enum's."""

    name: str


@dataclass(frozen=True)
class Type:
    """`name` of a named type, "" for a list `of` another."""

    name: str
    of: Type | None = None
    required: bool = False

    @property
    def innermost(self) -> str:
        return self.of.innermost if self.of else self.name


@dataclass(frozen=True)
class Selection:
    """A field, or with `on` an inline fragment."""

    name: str
    alias: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    directives: dict[str, dict[str, Any]] = field(default_factory=dict)
    selections: tuple[Selection, ...] = ()
    on: str = ""


@dataclass(frozen=True)
class Operation:
    kind: str
    name: str
    variables: dict[str, Type]
    selections: tuple[Selection, ...]


@dataclass(frozen=True)
class Member:
    """A field of a type or an input; `arguments` by name."""

    type: Type
    arguments: dict[str, Type] = field(default_factory=dict)


@dataclass(frozen=True)
class Definition:
    kind: str  # type, input, enum, scalar
    members: dict[str, Member] = field(default_factory=dict)
    values: frozenset[str] = frozenset()


class Reader:
    """Tokens, read from the front."""

    def __init__(self, text: str) -> None:
        self.tokens: list[str] = []
        at = 0
        while at < len(text):
            found = _TOKENS.match(text, at)
            if not found:
                raise Wrong(f"syntax error, unexpected character at {text[at : at + 10]!r}")
            if found["token"]:
                self.tokens.append(found["token"])
            at = found.end()
        self.at = 0

    @property
    def next(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, expected: str = "") -> str:
        token = self.next
        if not token or (expected and token != expected):
            raise Wrong(f"syntax error, unexpected {token or 'end'!r}, expected {expected!r}")
        self.at += 1
        return token

    def passed(self, token: str) -> bool:
        if self.next == token:
            self.at += 1
            return True
        return False

    def type(self) -> Type:
        if self.passed("["):
            inner = self.type()
            self.take("]")
            return Type("", inner, self.passed("!"))
        name = self.take()
        return Type(name, None, self.passed("!"))

    def value(self) -> Any:
        token = self.take()
        if token == "$":
            return Variable(self.take())
        if token == "[":
            items = []
            while not self.passed("]"):
                items.append(self.value())
            return items
        if token == "{":
            return self.pairs("}")
        if token in ("true", "false", "null") or token[0] in '"-0123456789':
            return json.loads(token)
        return Word(token)

    def pairs(self, end: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not self.passed(end):
            name = self.take()
            self.take(":")
            found[name] = self.value()
        return found


def parse_operation(text: str) -> Operation:
    reader = Reader(text)
    kind, name = reader.take(), reader.take()
    variables: dict[str, Type] = {}
    if reader.passed("("):
        while not reader.passed(")"):
            reader.take("$")
            variable = reader.take()
            reader.take(":")
            variables[variable] = reader.type()
    operation = Operation(kind, name, variables, _selections(reader))
    if reader.next:
        raise Wrong(f"syntax error, unexpected {reader.next!r} after the operation")
    return operation


def _selections(reader: Reader) -> tuple[Selection, ...]:
    reader.take("{")
    found = []
    while not reader.passed("}"):
        found.append(_selection(reader))
    return tuple(found)


def _selection(reader: Reader) -> Selection:
    if reader.passed("..."):
        reader.take("on")
        on = reader.take()
        return Selection("", on=on, selections=_selections(reader))
    name = alias = reader.take()
    if reader.passed(":"):
        name = reader.take()
    arguments = reader.pairs(")") if reader.passed("(") else {}
    directives = {}
    while reader.passed("@"):
        directive = reader.take()
        directives[directive] = reader.pairs(")") if reader.passed("(") else {}
    inner = _selections(reader) if reader.next == "{" else ()
    return Selection(name, alias, arguments, directives, inner)


def parse_schema(text: str) -> dict[str, Definition]:
    reader = Reader(text)
    found: dict[str, Definition] = {}
    while reader.next:
        kind, name = reader.take(), reader.take()
        if kind == "scalar":
            found[name] = Definition(kind)
            continue
        reader.take("{")
        if kind == "enum":
            values = set()
            while not reader.passed("}"):
                values.add(reader.take())
            found[name] = Definition(kind, values=frozenset(values))
            continue
        members: dict[str, Member] = {}
        while not reader.passed("}"):
            member = reader.take()
            members[member] = _member(reader)
        found[name] = Definition(kind, members)
    return found


def _member(reader: Reader) -> Member:
    arguments: dict[str, Type] = {}
    if reader.passed("("):
        while not reader.passed(")"):
            name = reader.take()
            reader.take(":")
            arguments[name] = reader.type()
    reader.take(":")
    return Member(reader.type(), arguments)
