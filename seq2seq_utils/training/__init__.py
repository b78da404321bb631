"""Training: the loss, an epoch, what goes on around it, teacher forcing, and recipes."""

from seq2seq_utils.training.after_epoch import EarlyStopping, WeightAveraging
from seq2seq_utils.training.checkpoints import Checkpoint
from seq2seq_utils.training.fitting import fit
from seq2seq_utils.training.hiding import hide_words
from seq2seq_utils.training.loop import History, Run, train_epoch
from seq2seq_utils.training.loss import evaluate_loss, token_loss
from seq2seq_utils.training.recipes import train_pairs
from seq2seq_utils.training.seeds import pick_device, seed_everything
from seq2seq_utils.training.settings import Settings, learning_rate_share
from seq2seq_utils.training.teacher_forcing import (
    Schedule,
    exponential_schedule,
    inverse_sigmoid_schedule,
    linear_schedule,
    predict,
    toss_coins,
    unroll,
)

__all__ = [
    "Checkpoint",
    "EarlyStopping",
    "History",
    "Run",
    "Schedule",
    "Settings",
    "WeightAveraging",
    "evaluate_loss",
    "exponential_schedule",
    "fit",
    "hide_words",
    "inverse_sigmoid_schedule",
    "learning_rate_share",
    "linear_schedule",
    "pick_device",
    "predict",
    "seed_everything",
    "token_loss",
    "toss_coins",
    "train_epoch",
    "train_pairs",
    "unroll",
]
