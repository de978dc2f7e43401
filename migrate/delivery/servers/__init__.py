"""One module a kind of server: the files and steps of its recipe, made purely from the routes."""
