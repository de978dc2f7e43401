"""Where Microsoft 365 is: its worldwide cloud and the national ones (learn.microsoft.com/graph/deployments)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

CloudName = Literal["global", "us_government", "china"]


@dataclass(frozen=True, slots=True)
class Cloud:
    """The hosts of one cloud; the addresses are ``https`` and end without a slash."""

    #: Where tokens come from.
    sign_in: str
    graph: str
    imap_host: str
    #: What a token for mail is for; as an application, and on behalf of a person.
    mail: str
    mail_of_person: str


CLOUDS: Mapping[CloudName, Cloud] = {
    "global": Cloud(
        "https://login.microsoftonline.com",
        "https://graph.microsoft.com",
        "outlook.office365.com",
        "https://outlook.office365.com",
        "https://outlook.office.com",
    ),
    "us_government": Cloud(
        "https://login.microsoftonline.us",
        "https://graph.microsoft.us",
        "outlook.office365.us",
        "https://outlook.office365.us",
        "https://outlook.office365.us",
    ),
    "china": Cloud(
        "https://login.partner.microsoftonline.cn",
        "https://microsoftgraph.chinacloudapi.cn",
        "partner.outlook.cn",
        "https://partner.outlook.cn",
        "https://partner.outlook.cn",
    ),
}
