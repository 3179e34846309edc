"""What programs of an operator use: the stream of the audit, configuration as code."""
