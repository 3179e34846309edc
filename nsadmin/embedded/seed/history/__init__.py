"""The days before the demo began: what people did, and how it ended.

Every operation goes through the product's own writers, so plans, revisions, audit rows
and the chain over them are real. The clock of the audit is set to the past meanwhile;
rows that have no such clock get their times moved afterwards.
"""
