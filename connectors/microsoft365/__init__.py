"""Microsoft 365: mail over IMAP with access tokens, and Microsoft Graph for what IMAP cannot tell."""
