"""Microsoft 365: mail over IMAP with access tokens, and Microsoft Graph for what IMAP cannot tell."""

from connectors.microsoft365.connector import Microsoft365Connector

__all__ = ["Microsoft365Connector"]
