"""What people do with archives beside copying them: look into them, export, salvage, collect, compare with a server."""
