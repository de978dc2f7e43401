"""The slice of Microsoft Graph v1.0 that a migration needs, as strict as the vendor's description of its types."""
