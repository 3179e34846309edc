"""What Qdrant says: the sampler, judgement in words, and whether the stores answer."""
