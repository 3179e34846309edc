"""The namespace store: the only room that imports pymongo.

Keeps to the subset that the embedded server and MongoDB share: `replace_one` for every
write of a document, no transactions, no operators on nested dates, counts by aggregate.
"""
