"""Archive files as sources: what Outlook, Thunderbird, Apple Mail and others left on a disk."""
