"""Convolutional filters by the IBSI 2 reference manual (arXiv 2006.05470)."""
