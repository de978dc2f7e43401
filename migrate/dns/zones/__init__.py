"""Zones that can be changed from here: at OVHcloud, Gandi and Cloudflare, and at any server by RFC 2136."""
