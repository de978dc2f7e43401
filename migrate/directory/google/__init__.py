"""The directory of a Google Workspace."""

from migrate.directory.google.directory import GoogleDirectory

__all__ = ["GoogleDirectory"]
