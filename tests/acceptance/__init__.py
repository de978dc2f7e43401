"""The installed command on real servers: killed, interrupted, continued, and what it leaves behind."""
