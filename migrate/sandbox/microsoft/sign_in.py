"""The sign-in of Microsoft (login.microsoftonline.com): client credentials, device code, refresh tokens.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow and v2-oauth2-device-code.
"""

from __future__ import annotations

import base64
import json
import secrets
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from migrate.sandbox.microsoft.refusals import SignInRefused
from migrate.sandbox.microsoft.tenant import RESOURCES, Application, Tenant, digest
from migrate.sandbox.microsoft.tokens import Tokens
from migrate.sandbox.web import Answer, Request

_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
_REFRESH_LASTS = 90 * 86400.0
#: Scopes that are not of a resource.
_OPENID = frozenset({"openid", "profile", "email", "offline_access"})


@dataclass
class _Device:
    app_id: str
    resource: str
    wanted: frozenset[str]
    user_code: str
    expires: float
    user: str | None = None


class SignIn:
    """Answers what is below ``/<tenant>/`` and the page where a person enters a code."""

    def __init__(self, tenant: Tenant, tokens: Tokens) -> None:
        self._tenant = tenant
        self._tokens = tokens
        self._devices: dict[str, _Device] = {}
        #: AADSTS number with which every request for a token is refused: Conditional Access, an outage.
        self.refuse_all: int | None = None
        #: Tokens given, by grant type.
        self.given: dict[str, int] = {}

    def answer(self, request: Request, address: str) -> Answer | None:
        """None: not of the sign-in."""
        name, _, rest = request.path.strip("/").partition("/")
        try:
            if rest == "v2.0/.well-known/openid-configuration":
                self._check_tenant(name)
                return Answer.of_json(200, self._configuration(address))
            if request.method == "POST" and rest == "oauth2/v2.0/token":
                self._check_tenant(name)
                return Answer.of_json(200, self._token(request.form(), address))
            if request.method == "POST" and rest == "oauth2/v2.0/devicecode":
                self._check_tenant(name)
                return Answer.of_json(200, self._device_code(request.form(), address))
        except SignInRefused as refused:
            return refused.answer(address)
        return None

    def approve(self, user_code: str, user: str) -> bool:
        """A person entered the code and signed in as ``user``; False for a code that nobody was given."""
        for device in self._devices.values():
            if device.user_code == user_code.strip().upper() and device.expires > time.time():
                device.user = user
                return True
        return False

    def _check_tenant(self, name: str) -> None:
        known = {self._tenant.tenant_id, self._tenant.initial_domain, *self._tenant.domains}
        if name.lower() not in {one.lower() for one in known} | {"organizations", "common"}:
            raise SignInRefused(90002, {"tenant": name})

    def _configuration(self, address: str) -> dict[str, Any]:
        base = f"{address}/{self._tenant.tenant_id}"
        return {
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": sorted(_OPENID),
            "issuer": f"{base}/v2.0",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            "tenant_region_scope": "EU",
            "cloud_instance_name": "microsoftonline.com",
        }

    def _token(self, form: dict[str, str], address: str) -> dict[str, Any]:
        if self.refuse_all is not None:
            values = dict.fromkeys(("user", "tenant", "resource", "app", "name", "scope", "parameter", "grant"), "?")
            raise SignInRefused(self.refuse_all, values)
        application = self._application(form)
        grant = form.get("grant_type", "")
        flows = {
            "client_credentials": self._client_credentials, _DEVICE_CODE: self._by_device, "device_code":
            self._by_device, "refresh_token": self._refreshed,
        }  # fmt: skip
        if grant not in flows:
            raise SignInRefused(70003, {"grant": grant})
        answer = flows[grant](application, form, address)
        self.given[grant] = self.given.get(grant, 0) + 1
        return answer

    def _application(self, form: dict[str, str]) -> Application:
        app_id = form.get("client_id", "")
        application = self._tenant.application(app_id)
        if application is None:
            raise SignInRefused(700016, {"app": app_id, "tenant": self._tenant.name})
        if not application.enabled:
            raise SignInRefused(7000112, {"app": app_id, "name": application.name})
        return application

    def _client_credentials(self, application: Application, form: dict[str, str], address: str) -> dict[str, Any]:
        self._prove(application, form, address)
        resource, wanted = _resource_of(form.get("scope", ""))
        if wanted != {".default"}:
            raise SignInRefused(1002012, {"scope": form.get("scope", "")})
        # Without consent a token is given all the same, and is good for nothing.
        roles = frozenset(application.roles.get(resource, set()))
        principal = application.principal_id
        token = self._tokens.give(application.app_id, self._tenant.tenant_id, resource, roles, None, principal)
        lasts = self._tokens.lifetime
        return {"token_type": "Bearer", "expires_in": lasts, "ext_expires_in": lasts, "access_token": token}

    def _prove(self, application: Application, form: dict[str, str], address: str) -> None:
        """Its secret or its signature.  Raises SignInRefused."""
        names = {"app": application.app_id}
        if form.get("client_assertion_type") == _ASSERTION:
            self._check_assertion(application, form.get("client_assertion", ""), address)
            return
        if "client_secret" not in form:
            raise SignInRefused(7000218)
        given = digest(form["client_secret"])
        found = next((one for one in application.secrets if one.digest == given), None)
        if found is None:
            raise SignInRefused(7000215, names)
        if found.expires < time.time():
            raise SignInRefused(7000222, names)

    def _check_assertion(self, application: Application, assertion: str, address: str) -> None:
        base = f"{address}/{self._tenant.tenant_id}"
        try:
            head = jwt.get_unverified_header(assertion)
            for pem in application.certificates:
                certificate = x509.load_pem_x509_certificate(pem.encode())
                if not _names(head, certificate):
                    continue
                audience = [f"{base}/oauth2/v2.0/token", f"{base}/v2.0"]
                told = jwt.decode(
                    assertion,
                    certificate.public_key(),  # type: ignore[arg-type]  # RSA or EC; anything else is refused there
                    algorithms=["RS256", "PS256"],
                    audience=audience,
                    options={"require": ["exp", "aud", "iss", "sub"]},
                )
                if told["iss"] == told["sub"] == application.app_id:
                    return
        except (jwt.ExpiredSignatureError, jwt.ImmatureSignatureError):
            raise SignInRefused(700024) from None
        except (jwt.PyJWTError, ValueError):
            pass
        raise SignInRefused(700027)

    def _device_code(self, form: dict[str, str], address: str) -> dict[str, Any]:
        application = self._application(form)
        resource, wanted = _resource_of(form.get("scope", ""))
        code = secrets.token_urlsafe(48)
        shown = "".join(secrets.choice("ABCDEFGHJKLMNPQRSTUVWXYZ23456789") for _ in range(9))
        self._devices[digest(code)] = _Device(application.app_id, resource, wanted, shown, time.time() + 900)
        page = f"{address}/device"
        return {
            "user_code": shown,
            "device_code": code,
            "verification_uri": page,
            "expires_in": 900,
            "interval": 1,
            "message": f"To sign in, use a web browser to open the page {page} and enter the code {shown} to"
            " authenticate.",
        }

    def _by_device(self, application: Application, form: dict[str, str], address: str) -> dict[str, Any]:
        device = self._devices.get(digest(form.get("device_code") or form.get("code", "")))
        if device is None or device.app_id != application.app_id:
            raise SignInRefused(70000)
        if device.expires < time.time():
            raise SignInRefused(70020)
        if device.user is None:
            raise SignInRefused(70016)
        if not application.public:
            raise SignInRefused(7000218)
        del self._devices[digest(form.get("device_code") or form.get("code", ""))]
        return self._for_person(application, device.user, device.resource, device.wanted, address)

    def _refreshed(self, application: Application, form: dict[str, str], address: str) -> dict[str, Any]:
        kept = self._tenant.refresh.get(digest(form.get("refresh_token", "")))
        if kept is None or kept["app_id"] != application.app_id:
            raise SignInRefused(70000)
        if kept["expires"] < time.time():
            raise SignInRefused(700082)
        # One refresh token is good for every resource that was consented to.
        resource, wanted = _resource_of(form.get("scope", ""))
        return self._for_person(application, kept["user"], resource, wanted, address)

    def _for_person(
        self, application: Application, name: str, resource: str, wanted: frozenset[str], address: str
    ) -> dict[str, Any]:
        user = self._tenant.user(name)
        if user is None:
            raise SignInRefused(50034, {"user": name, "tenant": self._tenant.name})
        if not user.get("accountEnabled", True):
            raise SignInRefused(50057)
        consented = frozenset(application.scopes.get(resource, set()))
        asked = consented if wanted == {".default"} else wanted
        if not asked or not asked <= consented:
            raise SignInRefused(65001, {"app": application.app_id, "name": application.name})
        tenant_id = self._tenant.tenant_id
        token = self._tokens.give(application.app_id, tenant_id, resource, consented, name, user["id"])
        refresh = secrets.token_urlsafe(64)
        self._tenant.refresh[digest(refresh)] = {
            "app_id": application.app_id, "user": name, "expires": time.time() + _REFRESH_LASTS,
        }  # fmt: skip
        prefix = next(uri for uri, known in RESOURCES.items() if known == resource)
        identity = {"uid": user["id"], "utid": self._tenant.tenant_id}
        return {
            "token_type": "Bearer",
            "scope": " ".join(f"{prefix}/{one}" for one in sorted(consented)),
            "expires_in": self._tokens.lifetime,
            "ext_expires_in": self._tokens.lifetime,
            "access_token": token,
            "refresh_token": refresh,
            "id_token": self._id_token(application, user, address),
            "client_info": _encoded(identity),
        }

    def _id_token(self, application: Application, user: dict[str, Any], address: str) -> str:
        now = int(time.time())
        claims = {
            "aud": application.app_id, "iss": f"{address}/{self._tenant.tenant_id}/v2.0", "iat": now, "nbf": now,
            "exp": now + 3600, "name": user.get("displayName"), "oid": user["id"], "sub": user["id"],
            "preferred_username": user["userPrincipalName"], "tid": self._tenant.tenant_id, "ver": "2.0",
        }  # fmt: skip
        # Clients that take it over TLS need not check its signature (OpenID Connect Core 3.1.3.7), so it has none.
        return f"{_encoded({'alg': 'none', 'typ': 'JWT'})}.{_encoded(claims)}."


def _resource_of(scope: str) -> tuple[str, frozenset[str]]:
    """The resource that scopes are of, and what is wanted of it.  Raises SignInRefused."""
    resources: set[str] = set()
    wanted: set[str] = set()
    for one in scope.split():
        if one in _OPENID:
            continue
        parts = urlsplit(one)
        name = f"{parts.scheme}://{parts.netloc}"
        if not parts.scheme:
            resources.add("graph")  # scopes without a resource are those of Graph
            wanted.add(one)
        elif name not in RESOURCES:
            raise SignInRefused(500011, {"resource": name})
        else:
            resources.add(RESOURCES[name])
            wanted.add(parts.path.strip("/"))
    if len(resources) != 1:
        raise SignInRefused(70011, {"scope": scope})
    return resources.pop(), frozenset(wanted)


def _names(head: dict[str, Any], certificate: x509.Certificate) -> bool:
    """Whether the head of an assertion names this certificate, by its thumbprint (RFC 7515 4.1.7 and 4.1.8)."""
    for name, algorithm in (("x5t", hashes.SHA1()), ("x5t#S256", hashes.SHA256())):  # noqa: S303  # a name, no proof
        if name in head:
            return bool(head[name].rstrip("=") == _base64(certificate.fingerprint(algorithm)))
    return False


def _encoded(value: dict[str, Any]) -> str:
    return _base64(json.dumps(value).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
