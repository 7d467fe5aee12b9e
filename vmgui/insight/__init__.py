"""What it means: pure engines over records and figures."""
