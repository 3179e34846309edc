"""Operations on several namespaces: one change for all, and saved lists of them."""
