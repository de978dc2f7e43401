"""Service accounts and their keys: made here, handed out once, of which only the public half is kept.

The token endpoint's answers: https://developers.google.com/identity/protocols/oauth2/service-account ("JWT error
codes").
"""

from __future__ import annotations

import base64
import json
import secrets
import time

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from migrate.sandbox.google.errors import GrantError, Json
from migrate.sandbox.google.world import World

AUDIENCE = "https://oauth2.googleapis.com/token"
PROJECT = "stand-in"
PROJECT_NUMBER = "100000000001"
#: Seconds an assertion may be good for, and be off by.
_LONGEST, _SKEW = 3600, 300


def hand_out_key(world: World, token_uri: str) -> Json:
    """A new service account's key file, as the console gives it; its private half exists nowhere else afterwards."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    number = world.number("key")
    email = f"migration-{number}@{PROJECT}.iam.gserviceaccount.com"
    key_id = secrets.token_hex(20)
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    world.keys.put(key_id, {"email": email, "public": public.decode(), "revoked": False})
    secret = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {
        "type": "service_account",
        "project_id": PROJECT,
        "private_key_id": key_id,
        "private_key": secret.decode(),
        "client_email": email,
        "client_id": f"1{number:020}",
        "auth_uri": token_uri.removesuffix("/token") + "/o/oauth2/auth",
        "token_uri": token_uri,
        "universe_domain": "googleapis.com",
    }


def checked_assertion(world: World, assertion: str) -> Json:
    """The claims of a signed assertion.  Raises GrantError."""
    try:
        signed, _, signature = assertion.rpartition(".")
        head, claims = (json.loads(_decoded(part)) for part in signed.split("."))
        key = world.keys.get(head["kid"])
        issuer = claims["iss"]
        issued, ends = float(claims["iat"]), float(claims["exp"])
        signature_bytes = _decoded(signature)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise GrantError("invalid_grant", "Invalid JWT: malformed assertion.") from None
    if not any(row["email"] == issuer for row in world.keys.rows()):
        raise GrantError("invalid_grant", "Invalid grant: account not found")
    if key is None or key["revoked"] or key["email"] != issuer or head.get("alg") != "RS256":
        raise GrantError("invalid_grant", "Invalid JWT Signature.")
    public = serialization.load_pem_public_key(key["public"].encode())
    assert isinstance(public, rsa.RSAPublicKey)
    try:
        public.verify(signature_bytes, signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        raise GrantError("invalid_grant", "Invalid JWT Signature.") from None
    if claims.get("aud") != AUDIENCE:
        raise GrantError("invalid_grant", f"Invalid JWT: Failed audience check. The right audience is {AUDIENCE}")
    now = time.time() + world.manners.clock_off
    if ends - issued > _LONGEST or ends < now or issued > now + _SKEW or issued < now - _LONGEST - _SKEW:
        raise GrantError(
            "invalid_grant",
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
            "Check your iat and exp values in the JWT claim.",
        )
    return dict(claims)


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
