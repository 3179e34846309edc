"""The demo data: real public records made into organizations, namespaces and points.

The pure layer (everything but `seed.py` and the `write_*.py` modules) knows no store
and no Django: the same catalogue in, the same documents out, on every machine. What is
relative to the present (one namespace expires soon) takes the time as an argument.
`docs/demo-data.md` names the sources and their licences.
"""
