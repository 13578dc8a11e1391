"""Claims: statements of the seed documents, computed in every framework that can."""
