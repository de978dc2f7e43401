"""A site's way from the first look to done: how long it takes."""
