"""The page that clones a machine."""
