"""What is wanted: the organisation, its sites and their people, read from YAML and CSV."""
