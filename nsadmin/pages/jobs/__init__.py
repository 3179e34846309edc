"""The jobs of an organization: their list, the page of one, its downloads."""
