"""The draft tree of a whole batch: its nodes, the walk of acceptance, its drawing."""
