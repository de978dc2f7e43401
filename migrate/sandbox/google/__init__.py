"""A strict local stand-in of Google Workspace: its token endpoint and six of its APIs, on one port of loopback.

What it accepts comes from the discovery documents that google-api-python-client ships; only what they cannot say is
written by hand.  :func:`migrate.sandbox.google.started.running_google` starts one.
"""
