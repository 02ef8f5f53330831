"""What the generator of the API's description does not know: refusals, names not always there."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

DETAIL = {
    "type": "object",
    "description": "A sentence that says why.",
    "properties": {"detail": {"type": "string"}},
    "required": ["detail"],
}
ERRORS = {
    "type": "object",
    "description": "Sentences by field; `non_field_errors` or `detail` where no field is to blame.",
    "additionalProperties": {},
}
NOT_ALWAYS = (("Recurring", "warning"),)
"""Names that an answer may lack; being read only, they would be described as required."""
METHODS = ("get", "post", "put", "patch", "delete")
SENTENCES = {
    "400": "Something in the request is not allowed: field by field.",
    "401": "The token is missing, unknown, revoked or expired.",
    "403": "The role of the member, or of the token, does not allow it.",
    "404": "It does not exist, or belongs to an account that the caller is no member of.",
    "413": "The body is too large.",
    "415": "The body is no JSON by its Content-Type, or is packed.",
}


def describe(result: Schema, generator: Any, request: Any, public: bool) -> Schema:
    """A hook of drf-spectacular: what operations document themselves stays."""
    schemas = result["components"]["schemas"]
    schemas["Detail"], schemas["Errors"] = DETAIL, ERRORS
    for component, name in NOT_ALWAYS:
        schemas[component]["required"].remove(name)
    for operations in result["paths"].values():
        for method in METHODS:
            if method in operations:
                _describe(method, operations[method])
    return result


def _describe(method: str, operation: Schema) -> None:
    responses = operation["responses"]
    for status in _statuses(method, operation):
        responses.setdefault(status, {"description": SENTENCES[status]})
    for status, response in responses.items():
        if status[0] in "45":
            response.setdefault("content", _content("Errors" if status == "400" else "Detail"))


def _statuses(method: str, operation: Schema) -> list[str]:
    found = ["401", "403"]
    if "requestBody" in operation:
        found += ["413", "415"]
    places = [parameter["in"] for parameter in operation.get("parameters", ())]
    if method != "get" or "query" in places:
        found.append("400")
    if method != "get" or places:  # a cursor that leads nowhere is not found either
        found.append("404")
    return found


def _content(name: str) -> Schema:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}
