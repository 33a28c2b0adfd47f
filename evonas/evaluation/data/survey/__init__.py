"""Survey a data set before a search: classes, files, duplicates, and a contact sheet."""
