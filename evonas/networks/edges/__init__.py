"""Edge operations that are more than a sequence of layers, and count their own multiply-adds."""
