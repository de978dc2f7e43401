"""Real mail servers on loopback, private to one test run, and means to fill, count and disturb them."""
