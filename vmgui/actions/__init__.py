"""What can be done: the registry of actions, their jobs and the journal."""
