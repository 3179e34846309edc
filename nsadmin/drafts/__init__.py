"""The input of forms that a person sent, kept under an address for some days."""
