"""Named models: what ships in the package, what can be fetched, and where each of them lies."""
