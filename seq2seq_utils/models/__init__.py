"""The models: recurrent ones with and without attention, the transformer, and the contract that they keep."""

from seq2seq_utils.models.attention import (
    AttentionDecoder,
    AttentionState,
    BahdanauAttention,
    Context,
    FixedContext,
    MeanContext,
    NoContext,
    attention_model,
)
from seq2seq_utils.models.contract import Decoder, DecoderState, Encoded, Encoder, State, Step
from seq2seq_utils.models.decoder import PlainDecoder, PlainState
from seq2seq_utils.models.encoder import RecurrentEncoder
from seq2seq_utils.models.layers import CELLS, OneHotLinear, check_ids
from seq2seq_utils.models.seq2seq import (
    Seq2Seq,
    count_parameters,
    evaluation_mode,
    open_gates,
    plain_model,
)
from seq2seq_utils.models.sizes import parameters_of, size_with, transformer_with
from seq2seq_utils.models.transformer import (
    DecoderLayer,
    EncoderLayer,
    KeysValues,
    MultiHeadAttention,
    PositionalEmbedding,
    TransformerDecoder,
    TransformerEncoder,
    TransformerState,
    causal_mask,
    dot_product_attention,
    sinusoidal_positions,
    transformer_model,
)

__all__ = [
    "CELLS",
    "AttentionDecoder",
    "AttentionState",
    "BahdanauAttention",
    "Context",
    "Decoder",
    "DecoderLayer",
    "DecoderState",
    "Encoded",
    "Encoder",
    "EncoderLayer",
    "FixedContext",
    "KeysValues",
    "MeanContext",
    "MultiHeadAttention",
    "NoContext",
    "OneHotLinear",
    "PlainDecoder",
    "PlainState",
    "PositionalEmbedding",
    "RecurrentEncoder",
    "Seq2Seq",
    "State",
    "Step",
    "TransformerDecoder",
    "TransformerEncoder",
    "TransformerState",
    "attention_model",
    "causal_mask",
    "check_ids",
    "count_parameters",
    "dot_product_attention",
    "evaluation_mode",
    "open_gates",
    "parameters_of",
    "plain_model",
    "sinusoidal_positions",
    "size_with",
    "transformer_model",
    "transformer_with",
]
