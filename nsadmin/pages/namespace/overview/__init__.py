"""The overview of a namespace, its live panel and the cards beside it."""
