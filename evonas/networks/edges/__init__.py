"""Operations of an edge that are more than layers in a row, and say themselves what they cost."""
