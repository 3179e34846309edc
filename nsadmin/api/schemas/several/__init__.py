"""Models of changes of several namespaces, and of saved lists of them."""
