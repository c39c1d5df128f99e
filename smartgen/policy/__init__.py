"""From a lowered policy to decisions: signals, estimators, costs, search, and the controller's four verbs."""
