"""Messages to the people of a site: written, posted, and on record."""
