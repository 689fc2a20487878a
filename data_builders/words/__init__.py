"""Conversations about pictures, out of facts and phrasing files. Knows words, not pixels."""
