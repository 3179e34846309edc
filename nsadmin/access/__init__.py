"""Users, organizations, memberships, API keys, the permission table and the gate.

This room reads and writes the relational database and calls no other store.
"""
