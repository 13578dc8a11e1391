"""Two ways to write the same function, each a graph of the catalogue's operations."""
