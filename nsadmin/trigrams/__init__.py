"""The table of texts that can be searched, and its index of pieces of three letters."""
