"""The statements about the mirror's rows and documents, some hundred at once."""
