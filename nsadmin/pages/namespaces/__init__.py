"""Pages of the namespace list: listing, creation, clones, deletion."""
