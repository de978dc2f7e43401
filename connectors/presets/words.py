"""What people read of a preset: how one signs in, and what is odd about the system."""

from __future__ import annotations

from connectors.language import _, mark
from connectors.presets.table import Preset

_SIGN_IN = {
    "password": mark("With the mailbox's own password."),
    "mail-password": mark(
        "With the password of the mail address, which is another one than that of the customer account."
    ),
    "app-password": mark(
        "With an app password, which each person makes in the security settings of the account; the account's own"
        " password is refused."
    ),
    "switch-on": mark(
        "With the mailbox's own password, once each person has switched on IMAP and POP in the settings of the"
        " webmail; with two-factor sign-in, with an app password."
    ),
    "imap-off": mark(
        "With the mailbox's own password; the service IMAP4 is switched off on a new server and has to be started."
    ),
    "token": mark("With access tokens (OAuth): passwords are refused."),
    "bridge": mark(
        "With the password that the Bridge shows for the mailbox, and not with the account's; the Bridge has to run on"
        " this machine, and shows its port too."
    ),
    "service-account": mark("With a service account that the domain's administrator has authorised for everybody."),
    "app-registration": mark("With an app registration that the tenant's administrator has consented to."),
}
_QUIRKS = {
    "inbox-prefix": mark("All folders lie below INBOX; they are shown and copied without it."),
    "one-writer": mark("One session at a time writes to a mailbox."),
    "host-in-panel": mark("Each customer has a server of its own: its name stands in the OVHcloud control panel."),
    "labels": mark("Messages have labels in the place of folders: each is copied once."),
    "imap-slow-target": mark(
        "What may be written over IMAP in a day is little: for a target take the connector google_workspace."
    ),
    "pop-every-15-minutes": mark("POP3 is answered once in 15 minutes."),
    "zoho-region": mark(
        "Accounts with a domain of their own, and those outside the United States, are on other hosts, such as"
        " imappro.zoho.com: write host in the plan."
    ),
    "bridge-certificate": mark("Its certificate is its own: write certificate_pin in the plan."),
}


def sign_in_text(preset: Preset) -> str:
    """How one signs in, a sentence."""
    return _(_SIGN_IN[preset.sign_in])


def quirk_texts(preset: Preset) -> list[str]:
    """What is odd about it, a sentence each."""
    return [_(_QUIRKS[word]) for word in preset.quirks]
