"""Maildir on disk, as source and as target: Maildir++ with its dot folders, and nested directories."""

from connectors.maildir.connector import MaildirConnector
from connectors.maildir.settings import MaildirSettings

__all__ = ["MaildirConnector", "MaildirSettings"]
