"""What the probes of a port are chosen from: the parts its arguments and letters play, sizes, values."""
