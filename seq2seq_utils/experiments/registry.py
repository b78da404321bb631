"""All experiments, by their names, which are those of the files of results."""

from seq2seq_utils.experiments import (
    after_attention,
    attention,
    bugs_that_hide,
    captions,
    captions_transformer,
    captions_words,
    long_sentences,
    seq2seq,
    teacher_forcing,
)

EXPERIMENTS = {
    experiment.name: experiment
    for experiment in (
        seq2seq.CELLS_SEARCH,
        seq2seq.CELLS,
        seq2seq.SENTENCES,
        teacher_forcing.SEARCH,
        teacher_forcing.COMPARED,
        long_sentences.SEARCH,
        long_sentences.COMPARED,
        long_sentences.SMALL,
        attention.SEARCH,
        attention.COMPARED,
        attention.FIXED,
        attention.LADDER_SEARCH,
        attention.LADDER,
        captions.SEARCH,
        captions.LENGTHS,
        captions.FINAL,
        captions_words.COMPARED,
        after_attention.SEARCH,
        after_attention.COMPARED,
        after_attention.PAIRS_SEARCH,
        after_attention.BY_PAIRS,
        captions_transformer.SEARCH,
        captions_transformer.FINAL,
        captions_transformer.QUICK_COMPARED,
        bugs_that_hide.AUDITED,
    )
}
