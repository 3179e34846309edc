"""Moves: a namespace changes its cluster together with its points, by a job.

`job` runs the stages, `ending` takes a move back that failed, `preview` tells what a
move would take, `back` starts the way back, `expiry` deletes old collections once the
way back is closed. `namespaces.change.moving` accepts a move and sends its job.
"""
