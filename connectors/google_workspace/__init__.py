"""Google Workspace: Gmail mailboxes read and written over the Gmail API.

The API is described at https://developers.google.com/workspace/gmail/api/reference/rest.
"""
