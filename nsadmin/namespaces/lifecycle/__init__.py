"""The life of a namespace: creation, expiry, deletion, tombstones, purge."""
