"""Documents of a namespace: filtered, read whole, their neighbors, exported."""
