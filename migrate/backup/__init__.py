"""A plain export of a site's mailboxes to Maildir, with a ledger of its own, and the check that it can be read."""
