"""The operations that Acme adds to the suite."""
