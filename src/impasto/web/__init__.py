"""A painter as a static web page, which paints in the browser: no server has a part in it, and nothing leaves the
device.
"""
