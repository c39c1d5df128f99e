"""Where the n-gram worker looks for its one operation."""

from sgl_kernel.trees import reconstruct_indices_from_tree_mask

__all__ = ["reconstruct_indices_from_tree_mask"]
