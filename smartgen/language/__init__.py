"""The policy language: source → parse → resolve → check → lower. Imports neither torch nor numpy."""
