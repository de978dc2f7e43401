"""A request against its method: parameters, body, and the refusals that come before either."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote

from migrate.sandbox.google.discovery import Method, Parameter, Route
from migrate.sandbox.google.errors import ApiError, Json, malformed, missing
from migrate.sandbox.google.keys import PROJECT_NUMBER


def read_parameters(route: Route, query: str) -> Json:
    """The parameters of path and query by name, checked.  Raises ApiError."""
    known = route.method.parameters
    found: Json = {name: known[name].check(unquote(value), name) for name, value in route.path.items()}
    for name, value in parse_qsl(query, keep_blank_values=True):
        parameter = known.get(name)
        if parameter is None or name in route.path:
            if name == "upload_id":
                continue
            raise malformed(
                f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter. '
                f"Field '{name}' could not be found in request message.",
            )
        _add(found, name, value, parameter)
    for name in route.method.required:
        if name not in found:
            raise missing(name)
    return found


def _add(found: Json, name: str, value: str, parameter: Parameter) -> None:
    checked = parameter.check(value, name)
    if parameter.repeated:
        found.setdefault(name, []).append(checked)
    elif name in found:
        raise malformed(f"Invalid value at '{name}': it may be given once.", field_name=name)
    else:
        found[name] = checked


def read_body(method: Method, metadata: Json, *, has_media: bool) -> Json:
    """The body as the method's schema has it.  Raises ApiError."""
    if method.body is None:
        if metadata:
            raise malformed("Invalid JSON payload received. This method takes no body.")
        return {}
    body: Json = method.body(metadata, "")
    for path in method.body_required:
        value: Any = body
        for name in path.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        if value is None and not (has_media and path == "raw"):
            raise missing(path)
    return body


def insufficient_scopes(method: Method) -> ApiError:
    """A token that is good for other things."""
    return ApiError(
        403,
        "Request had insufficient authentication scopes.",
        "insufficientPermissions",
        "PERMISSION_DENIED",
        entry={"message": "Insufficient Permission"},
        details=[
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
                "domain": "googleapis.com",
                "metadata": {"method": method.id, "service": method.service},
            }
        ],
    )


def api_disabled(method: Method) -> ApiError:
    """An API that nobody switched on in the project."""
    page = f"https://console.developers.google.com/apis/api/{method.service}/overview?project={PROJECT_NUMBER}"
    return ApiError(
        403,
        f"{method.title} has not been used in project {PROJECT_NUMBER} before or it is disabled. Enable it by visiting "
        f"{page} then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our "
        "systems and retry.",
        "accessNotConfigured",
        "PERMISSION_DENIED",
        domain="usageLimits",
        entry={"extendedHelp": "https://console.developers.google.com"},
        details=[
            {
                "@type": "type.googleapis.com/google.rpc.Help",
                "links": [{"description": "Google developers console API activation", "url": page}],
            },
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "SERVICE_DISABLED",
                "domain": "googleapis.com",
                "metadata": {"service": method.service, "consumer": f"projects/{PROJECT_NUMBER}"},
            },
        ],
    )
