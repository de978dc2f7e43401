"""The durable record of every message: where it went, or why not.

No subject, no body and no password is ever kept here; Message-IDs are, where a target is asked for them.
"""
