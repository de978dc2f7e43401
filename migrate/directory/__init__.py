"""Accounts, aliases, groups, licences and domains on the target: what is wanted, what is there, what to change."""
