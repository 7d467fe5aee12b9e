"""The command line, made from the registry of actions."""
