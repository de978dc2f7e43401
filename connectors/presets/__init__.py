"""What is known of mail systems, as data: hosts, ways to sign in, limits, records, each with where it was read."""

from connectors.presets.table import Dns, Limits, Preset, Server, find, of_host, of_mx, presets

__all__ = ["Dns", "Limits", "Preset", "Server", "find", "of_host", "of_mx", "presets"]
