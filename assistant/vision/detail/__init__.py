"""Small things in large pictures: a closer look in tiles, in the order of promise."""
