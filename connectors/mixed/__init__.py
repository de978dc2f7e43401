"""Directories and zip files with archives of any kinds in them, as one archive."""

from connectors.mixed.archive import MixedArchive, is_mixed, open_mixed

__all__ = ["MixedArchive", "is_mixed", "open_mixed"]
