"""Which cluster a namespace runs on, with which key, and who may choose one."""
