"""The code that the notebooks share, a room for each part of a sentence pair's journey.

In this order; a room imports only rooms above it:

- `progress`: the progress bar.
- `pairs`: sentence pairs with their alignments; reading and splitting your own files.
- `text`: tokenizers, subwords, vocabularies.
- `grammar`: the toy language, in English, French and Korean. Only what makes a corpus imports it.
- `captions`: Multi30k, real image captions.
- `encoding`: pairs to ids in flat arrays, in memory or on disk: millions of them.
- `batching`: ids to padded batches, sentences of similar length together.
- `models`: encoder, plain decoder, attention, transformer, and the contract that they keep.
- `training`: seeds, loss, the loop, checkpoints, teacher forcing, recipes.
- `translation`: greedy and beam search, whole sentences, looking in.
- `evaluation`: exact match, BLEU and their intervals; alignment error rate; the audit.
- `drawing`: colours and style, plots, heatmaps, widgets.
- `experiments`: what is compared, a module a notebook, and the files that hold what came out.
- `own_pairs`: from a file of your own to a trained, scored model, and a page about it.
- `source`: the package's own code, printed to be read.
- `checks`: what holds the notebooks to their claims.
"""
