"""The models of the audit stream and of configuration as code."""
