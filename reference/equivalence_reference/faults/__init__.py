"""Known ways to get the operations wrong, one family a module, under the references' family names.

Each fault is a changed version of a reference; it is called with every argument and parameter by name. The cases of the
operation must tell it from the reference: ``equivalence power`` runs all of them.
"""
