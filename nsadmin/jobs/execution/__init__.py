"""Running jobs: dispatch, leases, progress, cancellation, the sweeper."""
