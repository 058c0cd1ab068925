"""Painters in eight bits: smaller files, and convolutions of whole numbers, which many processors do several times as
fast.
"""
