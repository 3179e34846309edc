"""Search across namespaces, resources, jobs and people."""
