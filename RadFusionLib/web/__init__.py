"""The browser reader: a case segmented, predicted and explained in a browser, on Slicer's core libraries.

Logic and page are apart and meet in a typed state; long work runs in a process beside them.
"""
