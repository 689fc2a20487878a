"""Tests of recordings and of what is heard in them."""
