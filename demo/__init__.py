"""The page in a browser, and its endpoints for programs."""
