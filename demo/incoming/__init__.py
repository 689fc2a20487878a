"""What people send.

uploads  files that strangers send -> pictures and profiles
planes   where a picture comes from: a file, or a plane of one
"""
