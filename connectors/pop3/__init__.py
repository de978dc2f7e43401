"""POP3 (RFC 1939, RFC 2449) as a source: what is still on such a server is read, and nothing of it ever deleted."""

from connectors.pop3.connector import Pop3Connector
from connectors.pop3.settings import Pop3Settings

__all__ = ["Pop3Connector", "Pop3Settings"]
