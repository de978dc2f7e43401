"""POP3 (RFC 1939, RFC 2449) as a source: what is still on such a server is read, and nothing of it ever deleted."""
