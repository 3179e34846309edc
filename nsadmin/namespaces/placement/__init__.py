"""The Qdrant cluster of a namespace, its sealed key and the plan that includes it."""
