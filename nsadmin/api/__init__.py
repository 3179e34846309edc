"""The JSON door: routers per noun under `/v1`, one error envelope, keys only.

May touch the rooms' `queries` and `changes`, and Redis for its rate limits alone.
"""
