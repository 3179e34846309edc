"""The documents of two namespaces compared: a sample of them, or every one."""
