"""Images that stay on disk: decoded by workers, ahead of their use, in the order that is asked."""
