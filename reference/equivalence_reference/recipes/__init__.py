"""How networks are trained, a module each."""
