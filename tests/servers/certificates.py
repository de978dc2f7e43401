"""A certificate authority for one test run, and a server certificate for ``localhost`` and 127.0.0.1."""

from __future__ import annotations

import hashlib
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM files.  Clients trust ``authority``; servers present ``certificate`` with ``key``."""

    authority: Path
    certificate: Path
    key: Path

    @property
    def both(self) -> bytes:
        """Key and certificate in one file, as Courier wants them."""
        return self.key.read_bytes() + self.certificate.read_bytes()


def make_certificates(folder: Path) -> Certificates:
    """Made anew by the openssl command in ``folder``; takes about 50 ms."""
    _new_key(folder, "authority", "/CN=Test authority")
    _openssl(
        "x509", "-req", "-in", folder / "authority.csr", "-signkey", folder / "authority.key", "-days", "2",
        "-out", folder / "authority.pem", "-extfile", _extensions(folder, "ca", "basicConstraints=critical,CA:TRUE\n"
        "keyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"),
    )  # fmt: skip
    _new_key(folder, "server", "/CN=localhost")
    _openssl(
        "x509", "-req", "-in", folder / "server.csr", "-CA", folder / "authority.pem", "-CAkey",
        folder / "authority.key", "-CAcreateserial", "-days", "2", "-out", folder / "server.pem", "-extfile",
        _extensions(folder, "names", "basicConstraints=CA:FALSE\nsubjectAltName=DNS:localhost,IP:127.0.0.1\n"
        "extendedKeyUsage=serverAuth\nauthorityKeyIdentifier=keyid\n"),
    )  # fmt: skip
    return Certificates(folder / "authority.pem", folder / "server.pem", folder / "server.key")


def expired(certificates: Certificates) -> Certificates:
    """The same authority and key, with a server certificate that ended yesterday."""
    folder = certificates.key.parent
    _openssl(
        "x509", "-req", "-in", folder / "server.csr", "-CA", certificates.authority, "-CAkey", folder / "authority.key",
        "-CAcreateserial", "-days", "-1", "-out", folder / "expired.pem", "-extfile", folder / "names.ext",
    )  # fmt: skip
    return Certificates(certificates.authority, folder / "expired.pem", certificates.key)


def fingerprint(certificates: Certificates) -> str:
    """sha256 of the server's certificate."""
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificates.certificate.read_text())).hexdigest()


def _new_key(folder: Path, name: str, subject: str) -> None:
    _openssl(
        "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", subject,
        "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.csr",
    )  # fmt: skip


def _extensions(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.ext"
    path.write_text(text)
    return path


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
