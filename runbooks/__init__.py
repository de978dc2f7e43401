"""What people do: documents generated from a site's facts."""
