"""Case tables that are too long to stand beside the mathematics."""
