"""The code that the notebooks share, one module for each step of a sentence pair's journey.

In reading order: `text`, `grammar`, `corpus`, `batching`, `layers`, `models`, `attention`, `decoding`,
`metrics`, `alignment`, `training`, `plots`, `heatmaps`, `widgets`; and `checks`, which holds the notebooks to
their claims. A module imports only those before it.
"""
