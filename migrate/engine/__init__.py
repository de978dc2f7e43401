"""Who runs passes: threads of this process."""
