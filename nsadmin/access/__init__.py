"""Who may: users, organizations, memberships, API keys, one permission table, the gate.

May touch the relational database and nothing else outside.
"""
