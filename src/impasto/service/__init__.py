"""A studio that takes orders: HTTP in front, a durable queue behind, painters in processes that may die.

api        what clients see: pictures and orders in, paintings out
orders     what an order is; `book`: where all of them stand, with the queue
store      pictures by their content's hash, in a folder or any fsspec address; `clearing`: when they go
keys       who may ask, and for how much; `guard`: what no request may be
worker     takes orders from the queue and has them painted; `claimed_name`: what it is called; `at_hand`: what it is at
bench      the process that paints, killed when it takes too long or too much
"""
