"""A studio that takes orders: HTTP in front, a durable queue behind, painters in processes that may die.

api        what clients see: pictures and orders in, paintings out
orders     what an order is, and the book in which all of them stand
store      pictures by their content's hash, in a folder or any fsspec address
worker     takes orders from the queue and has them painted
bench      the process that paints, killed when it takes too long or too much
"""
