"""Attention over a paged cache: one query a request, or several with a tree mask."""

import torch
import torch.nn.functional as functional


def _attend(query, keys, values, seen, scale, cap):
    """query (n, heads, d), keys and values (m, groups, d), seen (n, m) or None; (n, heads, d_value)."""
    share = query.shape[1] // keys.shape[1]
    keys, values = (x.float().repeat_interleave(share, 1).transpose(0, 1) for x in (keys, values))
    score = query.float().transpose(0, 1) @ keys.transpose(1, 2) * scale
    if cap > 0:
        score = torch.tanh(score / cap) * cap
    if seen is not None:
        score = score.masked_fill(~seen, float("-inf"))
    return (functional.softmax(score, -1) @ values).transpose(0, 1)


def _without_scales(rest):
    """Newer engines pass the scales of quantised keys and values first."""
    return rest[2:] if isinstance(rest[0], float) else rest


def decode_attention_cpu(query, key_pool, value_pool, *rest):
    out, key, value, slots, _logits, table, requests, lengths, scale, cap, _cross, window, *_ = _without_scales(rest)
    if key is not None:
        key_pool[slots] = key.view(-1, *key_pool.shape[1:]).to(key_pool.dtype)
        value_pool[slots] = value.view(-1, *value_pool.shape[1:]).to(value_pool.dtype)
    for i, (request, length) in enumerate(zip(requests.tolist(), lengths.tolist(), strict=False)):
        first = max(0, length - window) if window > 0 else 0
        at = table[request, first:length].long()
        out[i] = _attend(query[i : i + 1], key_pool[at], value_pool[at], None, scale, cap)[0].to(out.dtype)


def _seen(length, count, own, causal, window):
    """(count, length): what the newest `count` of `length` tokens see; `own` (count, count): of each other, in a tree."""
    row, column = torch.arange(length - count, length)[:, None], torch.arange(length)
    seen = (column <= row) if causal and own is None else torch.ones(count, length, dtype=torch.bool)
    if own is not None:
        seen[:, length - count :] = own
    return seen & (column > row - window) if window > 0 else seen


def extend_attention_cpu(query, _key, _value, out, key_pool, value_pool, *rest):
    table, requests, lengths, new, starts, _longest, scale, cap, _cross, window, _encoder, _sinks, *rest = (
        _without_scales(rest)
    )
    tree = rest[0] if rest else None
    causal = rest[1] if len(rest) > 1 else True
    read = 0
    rows = (x.tolist() for x in (requests, lengths, new, starts))
    for request, length, count, start in zip(*rows, strict=False):
        at = table[request, :length].long()
        own = None if tree is None else tree[read : read + count * count].view(count, count).bool()
        read += count * count
        seen = (
            None if count == 1 and window <= 0 else _seen(length, count, own, causal, window)
        )  # one sees all, as above
        here = slice(start, start + count)
        out[here] = _attend(query[here], key_pool[at], value_pool[at], seen, scale, cap).to(out.dtype)
