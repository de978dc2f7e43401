"""The pure parts of the stand-ins."""
