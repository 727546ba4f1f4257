# Slicer's own adds folders and compilers; a scripted extension needs none of them.
