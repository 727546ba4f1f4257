"""Training of recipes: one stage, one fold, all folds; and what becomes of the weights."""
