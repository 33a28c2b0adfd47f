"""Published results of a paper compared with the user's own trainings."""
