"""One change for several namespaces: a plan for each, one review, one outcome each."""
