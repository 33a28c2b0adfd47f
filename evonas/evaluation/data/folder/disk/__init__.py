"""Images that stay on disk: workers decode them ahead of their use, in the requested order."""
