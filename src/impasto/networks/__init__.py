"""Trainable painters: networks that paint in one pass, and their way out to ONNX."""
