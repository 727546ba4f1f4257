"""What the Slicer module is made of: the only place besides the module that knows slicer, qt, ctk and vtk.

Nothing here imports torch. Files about scene nodes import no qt, so they run wherever Slicer's classes do.
"""
