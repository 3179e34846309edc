"""Documents of a namespace: filtered, read whole, their neighbours, exported."""
