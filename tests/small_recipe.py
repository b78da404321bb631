"""A recipe that takes seconds, for the tests of recipes and of the script that trains by one."""

from seq2seq_utils.training.recipes import Recipe

SMALL = Recipe(
    pieces=200,
    embedding_size=12,
    hidden_size=16,
    attention_size=12,
    dropout=0.1,
    label_smoothing=0.1,
    batch_size=32,
    epochs=2,
    learning_rate=5e-3,
    warmup=2,
)
