"""IMAP (RFC 9051, RFC 3501) as source and as target."""

from connectors.imap.connector import ImapConnector
from connectors.imap.settings import ImapSettings

__all__ = ["ImapConnector", "ImapSettings"]
