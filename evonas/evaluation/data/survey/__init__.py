"""What a data set holds, told before a search begins: classes, files, duplicates, a picture."""
