"""What can be done: the registry of actions, jobs that carry them out, and the journal."""
