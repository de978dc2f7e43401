"""The small servers of a sandbox: POP3 and SMTP over the mail of its IMAP stand-ins, and DNS over zone files."""
