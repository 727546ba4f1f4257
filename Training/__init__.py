"""Training of the embedded models. It imports the library; the library never imports it."""
