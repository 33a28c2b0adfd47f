"""What a search is given, looked at before it begins: images and spaces."""
