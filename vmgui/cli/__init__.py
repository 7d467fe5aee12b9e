"""The command line: subcommands made from the registry, and lists of what there is."""
