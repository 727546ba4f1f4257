"""The page and the picture that a person looks at after a run.

The page needs jinja2 and scikit-image; its numbers are read where neither is installed, so nothing is
imported here.
"""
