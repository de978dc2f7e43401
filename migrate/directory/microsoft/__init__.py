"""The directory of a Microsoft 365 tenant."""

from migrate.directory.microsoft.directory import MicrosoftDirectory

__all__ = ["MicrosoftDirectory"]
