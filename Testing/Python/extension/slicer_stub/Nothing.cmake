# A stub, for tests only: stands where an extension includes files of Slicer.
