"""The published methods as recipes, one file a paper."""
