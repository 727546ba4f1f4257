# Slicer's own packs what was installed.
