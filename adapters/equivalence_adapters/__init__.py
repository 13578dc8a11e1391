"""Adapters, one package a framework: a driver, and bindings under the references' family names."""
