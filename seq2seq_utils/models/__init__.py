"""The models: an encoder that reads, decoders that write, plain and with attention, and the two together."""

from seq2seq_utils.models.attention import (
    CONTEXTS,
    AttentionDecoder,
    AttentionState,
    BahdanauAttention,
    attention_model,
)
from seq2seq_utils.models.contract import Encoded, Step, select_rows
from seq2seq_utils.models.decoder import Decoder
from seq2seq_utils.models.encoder import Encoder
from seq2seq_utils.models.layers import CELLS, INPUTS, OneHotLinear, State
from seq2seq_utils.models.seq2seq import (
    Seq2Seq,
    count_parameters,
    evaluation_mode,
    open_gates,
    plain_model,
    unroll,
)

__all__ = [
    "CELLS",
    "CONTEXTS",
    "INPUTS",
    "AttentionDecoder",
    "AttentionState",
    "BahdanauAttention",
    "Decoder",
    "Encoded",
    "Encoder",
    "OneHotLinear",
    "Seq2Seq",
    "State",
    "Step",
    "attention_model",
    "count_parameters",
    "evaluation_mode",
    "open_gates",
    "plain_model",
    "select_rows",
    "unroll",
]
