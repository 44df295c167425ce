"""Registered data: pieces of an owner's data set are recognised by keyed fingerprints, without the data.

form     the index file, and the key that its fingerprints need
fold     the one form of a text: no disguise, no separators
cells    what a value is worth, by itself and beside others of its row
grams    which pieces of a document stand for it
index    look-ups in a loaded index
rows     cells and rows of one index in a growing text
trail    everything registered in a growing text, or in the strings of a body
"""
