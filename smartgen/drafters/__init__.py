"""Drafters: one file each, one protocol."""
