"""A request is checked against the schema, priced, and answered from plain dictionaries.

A value in a dictionary may be a function: it is called with the field's arguments.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tests.shopify_shop.language import (
    Member,
    Operation,
    Selection,
    Type,
    Variable,
    Word,
    Wrong,
    parse_schema,
)

Json = dict[str, Any]

SCHEMA = parse_schema((Path(__file__).parent / "schema.graphql").read_text())
LARGEST_PAGE = LONGEST_ARRAY = 250
_GLOBAL_ID = re.compile(r"gid://shopify/\w+/\d+")
_SCALARS = {"Int": int, "Boolean": bool, "String": str, "ID": str, "Money": str, "DateTime": str}


class Request:
    """One operation with its variables, valid once made."""

    def __init__(self, operation: Operation, variables: Json) -> None:
        self.operation, self.variables = operation, variables
        self._used: set[str] = set()
        for name in variables.keys() - operation.variables.keys():
            raise Wrong(f"Variable ${name} is not declared by {operation.name}")
        for name, kind in operation.variables.items():
            _check(kind, variables.get(name), f"Variable ${name}")
        self.root = {"query": "Query", "mutation": "Mutation"}[operation.kind]
        self._validate(operation.selections, self.root)
        for name in operation.variables.keys() - self._used:
            raise Wrong(f"Variable ${name} is declared by {operation.name} but not used")

    def plain(self, value: Any) -> Any:
        """A value of the document with its variables put in."""
        if isinstance(value, Variable):
            return self.variables.get(value.name)
        if isinstance(value, Word):
            return value.name
        if isinstance(value, list):
            return [self.plain(one) for one in value]
        if isinstance(value, dict):
            return {name: self.plain(one) for name, one in value.items()}
        return value

    def arguments(self, selection: Selection) -> Json:
        return {name: self.plain(value) for name, value in selection.arguments.items()}

    # Validation

    def _validate(self, selections: tuple[Selection, ...], owner: str) -> None:
        for selection in selections:
            if selection.on:
                self._validate(selection.selections, selection.on)
                continue
            member = SCHEMA[owner].members.get(selection.name)
            if member is None:
                raise Wrong(
                    f"Field '{selection.name}' doesn't exist on type '{owner}'", "undefinedField"
                )
            self._validate_arguments(selection, member, owner)
            inner = SCHEMA[member.type.innermost]
            if bool(selection.selections) != (inner.kind == "type"):
                raise Wrong(f"Field '{selection.name}' has the wrong kind of selection")
            self._validate(selection.selections, member.type.innermost)

    def _validate_arguments(self, selection: Selection, member: Member, owner: str) -> None:
        where = f"Field '{owner}.{selection.name}'"
        for name in selection.arguments.keys() - member.arguments.keys():
            raise Wrong(f"{where} doesn't accept argument '{name}'", "argumentNotAccepted")
        for name, kind in member.arguments.items():
            if name not in selection.arguments:
                if kind.required:
                    raise Wrong(f"{where} is missing required arguments: {name}")
                continue
            given = selection.arguments[name]
            self._note(given, kind, f"{where} argument '{name}'")
            _check(kind, self.plain(given), f"{where} argument '{name}'")
        for directive in selection.directives.values():
            for given in directive.values():
                self._note(given, Type("String", required=True), f"{where} directive")
        self._validate_page(selection, member, where)

    def _note(self, given: Any, kind: Type, where: str) -> None:
        if isinstance(given, Variable):
            declared = self.operation.variables.get(given.name)
            if declared is None:
                raise Wrong(f"{where}: variable ${given.name} is not declared")
            if declared.innermost != kind.innermost or (kind.required and not declared.required):
                raise Wrong(f"{where}: type mismatch on variable ${given.name}")
            self._used.add(given.name)
        elif isinstance(given, dict):
            for name, value in given.items():
                self._note(value, SCHEMA[kind.innermost].members[name].type, where)

    def _validate_page(self, selection: Selection, member: Member, where: str) -> None:
        if "first" not in member.arguments:
            return
        first = self.arguments(selection).get("first")
        if first is None and member.type.innermost.endswith("Connection"):
            raise Wrong(f"you must provide one of first or last: {where}", "BAD_REQUEST")
        if first is not None and not 1 <= first <= LARGEST_PAGE:
            raise Wrong(f"{where}: first must be between 1 and {LARGEST_PAGE}", "BAD_REQUEST")

    # Cost

    def cost(self) -> int:
        """At the dearest reading of the rules: an object is a point, a list its size times that."""
        return (10 if self.root == "Mutation" else 0) + self._cost(
            self.operation.selections, self.root
        )

    def _cost(self, selections: tuple[Selection, ...], owner: str) -> int:
        total = 0
        for selection in selections:
            if selection.on:
                total += self._cost(selection.selections, selection.on)
                continue
            kind = SCHEMA[owner].members[selection.name].type.innermost
            if SCHEMA[kind].kind == "type":
                given = self.arguments(selection)
                size = given.get("first") or len(given.get("ids") or "1")
                repeated = [one for one in selection.selections if one.name != "pageInfo"]
                total += 1 + size * self._cost(tuple(repeated), kind)
                total += len(selection.selections) - len(repeated)
        return total

    # Answering

    def answer(self, source: Json) -> Json:
        found = self._project(self.operation.selections, source, self.root)
        return found if isinstance(found, dict) else {}

    def _project(self, selections: tuple[Selection, ...], source: Any, owner: str) -> Any:
        if source is None:
            return None
        if isinstance(source, list):
            return [self._project(selections, one, owner) for one in source]
        shown: Json = {}
        for selection in selections:
            if selection.on:
                if source["id"].startswith(f"gid://shopify/{selection.on}/"):
                    shown.update(self._project(selection.selections, source, selection.on))
                continue
            member = SCHEMA[owner].members[selection.name]
            value = source.get(selection.name)
            if callable(value):
                value = value(**self.arguments(selection))
            if selection.selections:
                value = self._project(selection.selections, value, member.type.innermost)
            if value is None and member.type.required:
                raise AssertionError(f"the pretended shop lacks {owner}.{selection.name}")
            shown[selection.alias] = value
        return shown


def _check(kind: Type, value: Any, where: str) -> None:
    if value is None:
        if kind.required:
            raise Wrong(f"{where} of type {kind.innermost}! was provided invalid value")
        return
    if kind.of:
        if not isinstance(value, list):
            raise Wrong(f"{where}: expected a list")
        if len(value) > LONGEST_ARRAY:
            raise Wrong(f"{where}: the array is longer than {LONGEST_ARRAY}", "MAX_INPUT_SIZE")
        for index, one in enumerate(value):
            _check(kind.of, one, f"{where}.{index}")
        return
    _check_named(kind.name, value, where)


def _check_named(name: str, value: Any, where: str) -> None:
    definition = SCHEMA[name]
    if definition.kind == "enum" and value not in definition.values:
        raise Wrong(f"{where}: {value!r} is not one of {name}")
    if definition.kind == "input":
        _check_input(name, value, where)
    if name == "ID" and not _GLOBAL_ID.fullmatch(str(value)):
        raise Wrong(f"Invalid global id '{value}'", "argumentLiteralsIncompatible")
    expected = _SCALARS.get(name)
    if expected and type(value) is not expected:
        raise Wrong(f"{where}: {value!r} is not {name}")


def _check_input(name: str, value: Any, where: str) -> None:
    members = SCHEMA[name].members
    if not isinstance(value, dict):
        raise Wrong(f"{where}: expected {name}")
    for unknown in value.keys() - members.keys():
        raise Wrong(f"{where}: {unknown} (Field is not defined on {name})")
    for field, member in members.items():
        _check(member.type, value.get(field), f"{where}.{field}")
