"""Attention over ragged batches of trees: the key/value cache and the masks that both targets and drafters use."""
