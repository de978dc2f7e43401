"""Why a system does not let an account in: short stable codes for programs and documents."""

from __future__ import annotations

from enum import StrEnum


class Denial(StrEnum):
    """A code for a refused sign-in.  Codes are English and never change meaning, as those of a reason."""

    BAD_PASSWORD = "bad-password"  # noqa: S105 -- wrong user name or password, or the system says no more than no
    PASSWORD_EXPIRED = "password-expired"  # noqa: S105 -- it was right once, and must be changed
    TOKEN = "token-refused"  # noqa: S105 -- an access token is not taken, and there is no newer one
    DISABLED = "account-disabled"  #: the account is switched off, locked or suspended
    NO_RIGHT = "no-right-to-mailbox"  #: who signed in may not open this mailbox
    POLICY = "sign-in-policy"  #: a rule of the provider: an app password, the browser first, IMAP switched off
    NOT_CONNECTED = "not-connected"  #: the password is right, and no mailbox is opened for it
    ADMINISTRATOR = "ask-administrator"  #: only the system's administrator can tell
    APP = "app-refused"  #: the application that signs in for everybody is not accepted: secret, consent, tenant
