"""What every connector that talks to a server needs: sockets, TLS, SASL, and the verdicts about them."""
