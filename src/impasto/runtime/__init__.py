"""Networks at work, without torch: ONNX Runtime sessions, devices, exact tiles."""
