"""What is done to a CT before a network sees it: orientation, checks, the intracranial region, windows."""
