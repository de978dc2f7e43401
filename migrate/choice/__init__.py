"""Which mail system fits an organisation: rules as data over typed facts.  No figure without its source."""
