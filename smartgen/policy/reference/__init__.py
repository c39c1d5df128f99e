"""The meaning of the language, executed slowly: trees of objects, one number at a time, written from docs/language.

It shares nothing with the compiled path but the lowered `Program`; tests hold the two against each other.
"""
