"""Reading one case before a window: the clinical form, the words on a result, and the long work beside the window.

What the Slicer panel and the browser reader share. It knows neither Qt nor a browser, and no node of a window's scene.
"""
