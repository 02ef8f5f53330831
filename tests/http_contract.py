"""The contract of the generic connectors, asked whether requests and answers keep it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import yaml
from jsonschema import Draft202012Validator

DOCUMENT = Path(__file__).parents[1] / "docs/connectors/http.openapi.yaml"
OURS = {"host", "accept", "accept-encoding", "connection", "user-agent", "content-length"}


class Broken(AssertionError):
    """A request or an answer that the contract does not know."""


@cache
def contract() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(DOCUMENT.read_text())
    return document


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    """What a reference inside the document leads to."""
    while "$ref" in node:
        found: Any = contract()
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        node = found
    return node


def check(schema: dict[str, Any], value: Any, where: str) -> None:
    whole = {"components": contract()["components"], "allOf": [schema]}
    for error in Draft202012Validator(whole).iter_errors(value):
        raise Broken(f"{where}: {error.json_path} {error.message}")


def operation(request: httpx.Request, root: str) -> tuple[str, dict[str, Any], dict[str, str]]:
    """(path template, operation, values in the path); the most literal template wins."""
    path = request.url.raw_path.decode().partition("?")[0].removeprefix(root)
    for template in sorted(contract()["paths"], key=lambda known: known.count("{")):
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template)
        if match := re.fullmatch(pattern, path):
            verbs = contract()["paths"][template]
            if request.method.lower() not in verbs:
                raise Broken(f"{request.method} is not known at {template}")
            values = {name: unquote(value) for name, value in match.groupdict().items()}
            return template, verbs[request.method.lower()], values
    raise Broken(f"{path} is not in the contract")


def check_request(request: httpx.Request, root: str, auth_header: str) -> None:
    """Known path, query, headers and body, each as its schema says; nothing besides."""
    template, known, in_path = operation(request, root)
    where = f"{request.method} {template}"
    parameters = [resolved(one) for one in known.get("parameters", [])]
    for place, given in (
        ("path", in_path),
        ("query", dict(_query(request, parameters))),
        ("header", {k: v for k, v in request.headers.items() if k not in OURS}),
    ):
        _check_parameters(place, given, parameters, where, {auth_header, "content-type"})
    _check_body(request, known, where)


def _query(request: httpx.Request, parameters: list[dict[str, Any]]) -> Iterator[tuple[str, Any]]:
    types = {one["name"]: resolved(one["schema"]).get("type") for one in parameters}
    for name in request.url.params:
        value = request.url.params[name]
        if types.get(name) == "array":
            yield name, request.url.params.get_list(name)
        else:
            yield name, int(value) if types.get(name) == "integer" and value.isdigit() else value


def _check_parameters(
    place: str,
    given: dict[str, Any],
    parameters: list[dict[str, Any]],
    where: str,
    besides: set[str],
) -> None:
    known = {_name(one): one for one in parameters if one["in"] == place}
    for name, value in given.items():
        if name in known:
            check(known[name]["schema"], value, f"{where}, {place} {name}")
        elif place != "header" or name not in besides:
            raise Broken(f"{where}: {place} {name} is not in the contract")
    for name, one in known.items():
        if one.get("required") and name not in given:
            raise Broken(f"{where}: {place} {name} is missing")


def _name(parameter: dict[str, Any]) -> str:
    name: str = parameter["name"]
    return name.lower() if parameter["in"] == "header" else name


def _check_body(request: httpx.Request, known: dict[str, Any], where: str) -> None:
    if "requestBody" not in known:
        if request.content:
            raise Broken(f"{where}: a body is sent")
        return
    if request.headers.get("content-type") != "application/json":
        raise Broken(f"{where}: the body is not sent as JSON")
    schema = known["requestBody"]["content"]["application/json"]["schema"]
    check(schema, json.loads(request.content), f"{where}, body")


def check_answer(request: httpx.Request, response: httpx.Response, root: str) -> None:
    template, known, _values = operation(request, root)
    where = f"answer {response.status_code} of {request.method} {template}"
    answers = known["responses"]
    answer = resolved(answers.get(str(response.status_code)) or answers["default"])
    kind = response.headers["content-type"]
    if kind not in answer["content"]:
        raise Broken(f"{where}: {kind} is not in the contract")
    check(answer["content"][kind]["schema"], response.json(), where)
