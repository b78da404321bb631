"""Your own sentence pairs: from files to a trained, scored model, and a page about it.

A module each for what happens, in this order: `files` (read, split, leave out), `seen` (what is in the data),
`choosing` (which recipe), `timing` (how long, how much memory, and what fits), `training` (all of it, and the
folder), `scoring`, `advice`, `figures`, `report` (the page), and `lines` (translating lines of text).
"""
