"""Survey of a data set before a search: classes, files, duplicates, a contact sheet."""
