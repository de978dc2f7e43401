"""A mail domain's records: asked for everywhere, judged, said with what to do about them."""
