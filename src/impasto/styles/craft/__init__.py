"""What the procedural paintings share: the canvas, noise, colour, brush marks, cells, light and grounds."""
