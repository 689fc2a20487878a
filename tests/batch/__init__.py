"""Batch runs."""
