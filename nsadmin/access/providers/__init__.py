"""The identity providers of the installation, as the operator configured them."""
