"""Whole models: taking them apart, walking through both side by side, telling what came out."""
