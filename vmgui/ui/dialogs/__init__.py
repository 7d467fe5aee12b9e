"""What asks a person something."""
