"""Maildir on disk, as source and as target: Maildir++ with its dot folders, and nested directories."""
