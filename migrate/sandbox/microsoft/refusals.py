"""What the sign-in refuses, in Microsoft's shape and numbers.

https://learn.microsoft.com/entra/identity-platform/reference-error-codes
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from migrate.sandbox.microsoft.tenant import new_id
from migrate.sandbox.web import Answer


@dataclass
class SignInRefused(Exception):
    """``number`` is that of AADSTS; ``error`` OAuth's word for it (RFC 6749 5.2, RFC 8628 3.5)."""

    number: int
    values: dict[str, str] = field(default_factory=dict)

    def answer(self, address: str) -> Answer:
        error, status, text = _REFUSALS[self.number]
        now = datetime.now(UTC)
        trace, correlation = new_id(), new_id()
        told = f"AADSTS{self.number}: {text.format(**self.values)}"
        return Answer.of_json(
            status,
            {
                "error": error,
                "error_description": f"{told} Trace ID: {trace} Correlation ID: {correlation}"
                f" Timestamp: {now:%Y-%m-%d %H:%M:%SZ}",
                "error_codes": [self.number],
                "timestamp": f"{now:%Y-%m-%d %H:%M:%SZ}",
                "trace_id": trace,
                "correlation_id": correlation,
                "error_uri": f"{address}/error?code={self.number}",
            },
        )


#: OAuth's word, HTTP status, text.
_REFUSALS: dict[int, tuple[str, int, str]] = {
    50034: ("invalid_grant", 400, "The user account {user} does not exist in the {tenant} directory."),
    50057: ("invalid_grant", 400, "The user account is disabled."),
    50076: ("interaction_required", 400, "You must use multi-factor authentication to access '{resource}'."),
    53003: ("invalid_grant", 400, "Access has been blocked by Conditional Access policies."),
    65001: (
        "invalid_grant", 400,
        "The user or administrator has not consented to use the application with ID '{app}' named '{name}'.",
    ),
    70000: ("invalid_grant", 400, "The provided value for the input parameter is not valid."),
    70002: ("invalid_request", 400, "The request body must contain the following parameter: '{parameter}'."),
    70003: ("unsupported_grant_type", 400, "The app requested an unsupported grant type '{grant}'."),
    70011: ("invalid_scope", 400, "The provided value for the input parameter 'scope' is not valid: {scope}."),
    70016: ("authorization_pending", 400, "OAuth 2.0 device flow error. Authorization is pending. Continue polling."),
    70020: ("expired_token", 400, "The provided value for the input parameter 'device_code' is not valid: expired."),
    700016: (
        "unauthorized_client", 400,
        "Application with identifier '{app}' was not found in the directory '{tenant}'.",
    ),
    700027: ("invalid_client", 401, ("The certificate with identifier used to sign the client assertion is not"
             " registered on application.")),
    700024: ("invalid_client", 401, "Client assertion is not within its valid time range."),
    700082: ("invalid_grant", 400, "The refresh token has expired due to inactivity."),
    500011: ("invalid_resource", 400, "The resource principal named {resource} was not found in the tenant."),
    1002012: (
        "invalid_scope", 400,
        ("The provided value for scope {scope} is not valid. Client credential flows must have a scope value with"
        " /.default suffixed to the resource identifier (application ID URI)."),
    ),
    7000112: ("unauthorized_client", 401, "Application '{app}'({name}) is disabled."),
    7000215: (
        "invalid_client", 401,
        ("Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not"
        " the client secret ID, for a secret added to app '{app}'."),
    ),
    7000218: (
        "invalid_client", 401,
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    ),
    7000222: (
        "invalid_client", 401, "The provided client secret keys for app '{app}' are expired.",
    ),
    90002: (
        "invalid_request", 400,
        ("Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the"
        " correct cloud."),
    ),
    90033: ("temporarily_unavailable", 503, "A transient error has occurred. Please try again."),
}  # fmt: skip
