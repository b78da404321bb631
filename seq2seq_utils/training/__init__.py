"""Training: the loss, the loop, what may happen after an epoch, teacher forcing, and recipes."""

from seq2seq_utils.training.loop import EarlyStopping, History, fit
from seq2seq_utils.training.loss import evaluate_loss, token_loss
from seq2seq_utils.training.seeds import pick_device, seed_everything
from seq2seq_utils.training.teacher_forcing import learning_rate_share

__all__ = [
    "EarlyStopping",
    "History",
    "evaluate_loss",
    "fit",
    "learning_rate_share",
    "pick_device",
    "seed_everything",
    "token_loss",
]
