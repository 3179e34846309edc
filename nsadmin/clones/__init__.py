"""Clones: copies of a whole namespace, made by a job and verified against the source.

`request` validates the body of a request, `preview` and `start` answer it after the
checks of `preconditions`, `job` runs the stages, `resume` continues or discards a
failed clone. `copy` writes the data, `rewrite` gives it new ids (pure), `verify`
compares the copy with the source. The room may use namespaces, jobs, access, audit and
the stores.
"""
