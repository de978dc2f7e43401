"""How this stand-in behaves where Google's behaviour is unknown, changes, or depends on the customer."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveFloat, PositiveInt


class Manners(BaseModel):
    """May be changed at any time by the control command ``manners``; sizes in bytes, times in seconds."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    #: A second copy with the same Message-ID is ignored and its labels are merged (google/import-mailbox-to-gmail#56);
    #: others saw two copies (GAM-team/got-your-back#322).
    dedupe: bool = True
    #: Whether a message that comes gets a Received field of Gmail's own before its first line.
    trace_field: bool = False
    #: Whether bare line feeds become CR LF.
    crlf: bool = False
    #: How long a search does not see a new message.
    index_delay: NonNegativeFloat = 0.0
    #: Whether import files what holds the GTUBE test string under spam, unless it is told never to.
    spam_filter: bool = True
    #: Whether messages are kept; otherwise only their labels, dates, sizes, Message-IDs, and digests.
    keep_bodies: bool = True
    #: Units a minute (developers.google.com/gmail/api/reference/quota); None: no limit.
    user_units: PositiveInt | None = None
    project_units: PositiveInt | None = None
    #: Calls of the Admin SDK a minute by one administrator.
    directory_calls: PositiveInt | None = None
    #: Calls of the Groups Migration API a minute by one administrator.
    archive_calls: PositiveInt | None = None
    #: How many seconds' worth of units may be spent at once.
    burst: PositiveFloat = 10.0
    #: Calls under way for one mailbox; Google publishes no figure.
    user_concurrency: PositiveInt | None = None
    #: Every call's answer waits so long.
    latency: NonNegativeFloat = 0.0
    #: How long an access token is good.
    token_life: PositiveInt = 3600
    #: How long a new user's mailbox takes to be made.
    mailbox_delay: NonNegativeFloat = 0.0
    #: How long the directory, and whoever asks it, does not see a new account or group.
    directory_delay: NonNegativeFloat = 0.0
    #: Messages of at most so many bytes; by the discovery document 157,286,400.
    max_message: PositiveInt | None = None
    #: Labels a mailbox may have (discovery document, schema Label).
    max_labels: PositiveInt = 10_000
    #: Scopes that the customer's administrator granted to service accounts; None: whatever they ask for.
    granted_scopes: list[str] | None = None
    #: APIs that are not switched on in the project, by service name: ``gmail.googleapis.com``.
    disabled_apis: list[str] = Field(default_factory=list)
    #: Seconds by which the token endpoint's clock differs from this machine's.
    clock_off: float = 0.0
    #: TXT records the site verification sees, by domain; it asks nobody else.
    txt_records: dict[str, list[str]] = Field(default_factory=dict)
    #: A DNS server that the site verification asks besides, as ``127.0.0.1:5353``.
    resolver: str | None = None
    #: Domains that belong to another customer already.
    taken_domains: list[str] = Field(default_factory=list)
    #: The SKU of Google-Apps that a new account gets by itself, as where automatic licensing is on.
    licence_on_creation: str | None = None
    #: Licences that were bought, by SKU; one that is not named has no end.
    licences: dict[str, int] = Field(default_factory=dict)


#: The quotas of a project made since May 2026, for :class:`Manners`.
DOCUMENTED_QUOTAS = {"user_units": 6_000, "project_units": 1_200_000, "directory_calls": 2_400, "archive_calls": 600}
