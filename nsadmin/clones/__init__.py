"""Whole-namespace copies: asked for, launched, carried by a job, proven.

May touch namespaces, jobs, access, audit and the stores. Renaming of ids is pure.
"""
