"""Weights kept in the order of memory that the CPU's matrix kernels want: the same products, sooner."""
