"""How the sampler learns the state of many collections with few requests."""
