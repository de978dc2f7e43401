"""Zip files that nobody vouches for: their list of members is checked first, and members are read in pieces."""

from connectors.zips.directory import NotAZip, Zip, is_zip
from connectors.zips.judging import Member, Refusal

__all__ = ["Member", "NotAZip", "Refusal", "Zip", "is_zip"]
