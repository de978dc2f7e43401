"""A local stand-in of Microsoft 365: sign-in, Exchange's IMAP and the part of Graph that a migration needs.

Loopback only, over TLS with an authority made anew at each start.  :mod:`migrate.sandbox.microsoft.started` starts it.
"""
