"""How hemorrhage subtypes are told from shape and place: fitted on painted hemorrhages, tried on real
ones."""
