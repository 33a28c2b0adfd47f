"""Operations of an edge that are more than a sequence of layers, and count their own cost."""
