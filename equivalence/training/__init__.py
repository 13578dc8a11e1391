"""Training a network in one framework or several at once: the same first parameters, batches and masks."""
