engine=None
