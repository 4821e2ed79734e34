"""The module's panel, a file for each step of the work: case, segment, shell, clinical values, predict, result, save.

Imported by the widget alone, since it knows Qt; what it does with nodes and arrays is in RadFusionLib.
"""
