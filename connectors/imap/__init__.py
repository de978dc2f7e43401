"""IMAP (RFC 9051, RFC 3501) as source and as target."""
