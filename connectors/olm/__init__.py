"""Outlook for Mac's exports (.olm): a zip with an XML file for each message, and its attachments beside it.

The format was never published.  Fields are those of files that Outlook for Mac 2011 to 16 wrote, and of the schemas
that others derived from theirs.
"""

from connectors.olm.archive import OlmArchive, is_olm, open_olm

__all__ = ["OlmArchive", "is_olm", "open_olm"]
