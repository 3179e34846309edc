"""Two namespaces compared: configuration, counts, documents; kept results.

`configuration` compares what `gather` found out, and `make_like` tells what a plan can
do about it; both are pure. `start` begins a comparison of documents, `job` runs it,
`kept` reads its result. `documents` compares points, and writes to neither side.
"""
