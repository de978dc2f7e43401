"""What a plan may say about a Microsoft 365 tenant."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from connectors.imap.settings import ImapSettings
from connectors.language import _
from connectors.microsoft365.clouds import CLOUDS, Cloud, CloudName
from connectors.secret_setting import SecretSetting

#: Authorities that are no tenant: an application cannot sign in there.
_NO_TENANT = frozenset({"common", "organizations", "consumers"})
_ADDRESS = re.compile(r"https://[^/\s]+")
_PLACE = re.compile(r"[^:/\s]+:\d{1,5}")
_MEGABYTES = re.compile(r"\s*(\d{1,3})\s*M[Bo]\s*")
_MEGABYTE = 1 << 20
#: Each message takes a round trip of its own here: small batches keep both sessions at work to the end.
_BATCH = 20


class Endpoints(BaseModel):
    """Other hosts than those of a cloud: a stand-in on this machine."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sign_in: str = Field(description="where tokens come from: `https://HOST:PORT`")
    graph: str = Field(description="Microsoft Graph: `https://HOST:PORT`")
    imap: str = Field(description="IMAP with TLS from the first byte: `HOST:PORT`")

    @field_validator("sign_in", "graph")
    @classmethod
    def _is_an_address(cls, address: str) -> str:
        if not _ADDRESS.fullmatch(address.rstrip("/")):
            raise ValueError(_("must be an address of the form https://HOST:PORT"))
        return address.rstrip("/")

    @field_validator("imap")
    @classmethod
    def _is_host_and_port(cls, place: str) -> str:
        if not _PLACE.fullmatch(place):
            raise ValueError(_("must be of the form HOST:PORT"))
        return place


class Microsoft365Settings(BaseModel):
    """A Microsoft 365 tenant, as target or as source."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tenant: str = Field(
        min_length=1,
        description="the tenant: its ID, or one of its domains such as `example.onmicrosoft.com`",
    )
    client_id: str = Field(
        min_length=1,
        description="the *Application (client) ID* of the app registration that signs in for all mailboxes",
    )
    secret: SecretSetting | None = Field(
        default=None,
        description="a client secret of the app registration (its *value*, not its ID)",
    )
    certificate: SecretSetting | None = Field(
        default=None,
        description=(
            "in the place of `secret`: a PEM file with the private key and the certificate that was uploaded to the app"
            " registration, such as `file:secrets/microsoft365.pem`. Without either, people sign in by"
            " `bascule microsoft365 sign-in`"
        ),
    )
    token_cache: Path = Field(
        default=Path("secrets/microsoft365-sign-in.json"),
        description=(
            "without `secret` and `certificate`: the file, readable by its owner only, that keeps who signed in;"
            " `secrets/microsoft365-sign-in.json` unless given"
        ),
    )
    cloud: CloudName = Field(
        default="global",
        description="`global` (unless given; government tenants with GCC too), `us_government` (GCC High) or `china`",
    )
    endpoints: Endpoints | None = Field(
        default=None,
        description="in the place of the cloud's hosts those of a stand-in: `sign_in`, `graph` and `imap`",
    )
    ca_file: Path | None = Field(
        default=None,
        description=(
            "a PEM file with the authorities to trust instead of the machine's, for a stand-in or a proxy that opens"
            " TLS; a relative path starts in the organisation's folder"
        ),
    )
    keywords: Literal["off", "categories"] = Field(
        default="off",
        description=(
            "what becomes of keywords, which Exchange does not take over IMAP: `off` (unless given) reports them as not"
            " kept; `categories` gives each message categories of these names by Microsoft Graph, a while after it was"
            " copied"
        ),
    )
    sessions: int = Field(
        default=2, ge=1, le=20, description="connections that one mailbox may hold at a time; 2 unless given"
    )
    max_message: int = Field(
        default=35,
        ge=1,
        le=150,
        description=(
            "the longest message that the mailboxes take, in MB as Exchange counts them (1,048,576 bytes); 35 unless"
            " given, which is how they are made. Raise it, up to 150, after `Set-Mailbox -MaxReceiveSize -MaxSendSize`"
            " (see [microsoft365.md](microsoft365.md))"
        ),
    )
    settle: float = Field(
        default=60,
        ge=0,
        description=(
            "seconds after which a message of a cut connection can no longer appear; 60 unless given. Until then it is"
            " neither believed stored nor sent again"
        ),
    )
    timeout: float = Field(
        default=120, gt=0, description="seconds to wait for the server's next bytes; 120 unless given"
    )

    @field_validator("tenant")
    @classmethod
    def _names_one_tenant(cls, tenant: str) -> str:
        tenant = tenant.strip()
        if tenant.lower() in _NO_TENANT or not tenant or any(char in tenant for char in "/?#@ "):
            raise ValueError(_("must be the tenant's ID or one of its domains, such as example.onmicrosoft.com"))
        return tenant

    @field_validator("max_message", mode="before")
    @classmethod
    def _with_its_unit(cls, value: object) -> object:
        """``150 MB`` is how one says it to Exchange."""
        found = _MEGABYTES.fullmatch(value) if isinstance(value, str) else None
        return int(found[1]) if found else value

    @model_validator(mode="after")
    def _fits_together(self) -> Microsoft365Settings:
        if self.secret is not None and self.certificate is not None:
            raise ValueError(_("secret and certificate exclude each other: take one of them away"))
        return self

    @property
    def hosts(self) -> Cloud:
        """Where this tenant is."""
        ends = self.endpoints
        if ends is None:
            return self.cloud_hosts
        cloud = self.cloud_hosts
        return Cloud(ends.sign_in, ends.graph, ends.imap.rpartition(":")[0], cloud.mail, cloud.mail_of_person)

    @property
    def cloud_hosts(self) -> Cloud:
        """The cloud's own hosts: what tokens are for, also where a stand-in gives them."""
        return CLOUDS[self.cloud]

    @property
    def app_only(self) -> bool:
        """Whether an application signs in for every mailbox; else people do."""
        return self.secret is not None or self.certificate is not None

    @property
    def longest(self) -> int:
        """Bytes of the longest message."""
        return self.max_message * _MEGABYTE

    @property
    def server(self) -> str:
        """What asks for pauses: Exchange does so for all workers of a tenant."""
        return f"{self.hosts.imap_host}/{self.tenant.lower()}"

    @property
    def imap(self) -> ImapSettings:
        """The way that mail takes."""
        port = int(self.endpoints.imap.rpartition(":")[2]) if self.endpoints is not None else None
        return ImapSettings(
            host=self.hosts.imap_host,
            port=port,
            ca_file=self.ca_file,
            auth="xoauth2",
            sessions=self.sessions,
            batch=_BATCH,
            settle=self.settle,
            timeout=self.timeout,
        )
