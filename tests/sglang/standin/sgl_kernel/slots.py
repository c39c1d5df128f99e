"""Cache slots: which slot of the key/value pool holds which position of which request."""

import ctypes

import torch


def assign_req_to_token_pool_cpu(requests, table, start, end, slots, _width):
    """Write each request's new slots, which come one request after the other, into its row of the table."""
    for request, first, last, own in _spans(requests, start, end, slots):
        table[request, first:last] = own.to(table.dtype)


def assign_extend_cache_locs_cpu(requests, table, start, end, out, _width):
    """Read them back."""
    for request, first, last, own in _spans(requests, start, end, out):
        own.copy_(table[request, first:last])


def _spans(requests, start, end, flat):
    place = 0
    for request, first, last in zip(requests.tolist(), start.tolist(), end.tolist(), strict=False):
        yield request, first, last, flat[place : place + last - first]
        place += last - first


def assign_draft_cache_locs_contiguous_cpu(requests, table, lengths, out, _width, topk, steps):
    """The slots behind each request's text that its draft branches write."""
    span = torch.arange(topk * steps)
    out.copy_(table[requests.long()[:, None], lengths.long()[:, None] + span].flatten())


def build_draft_decode_metadata_cpu(table, requests, lengths, topk, steps, width):
    """(requests x topk, width) the slots that each branch sees: the request's text, then the branch's own slots."""
    out = torch.zeros(requests.numel() * topk, width, dtype=table.dtype)
    for i, (request, length) in enumerate(zip(requests.tolist(), lengths.tolist(), strict=False)):
        rows = out[i * topk : (i + 1) * topk]
        rows[:, :length] = table[request, :length]
        rows[:, length : length + steps] = table[request, length : length + topk * steps].view(topk, steps)
    return out


def copy_all_layer_kv_cache_cpu(pointers, strides, target, source):
    """Move slots within every layer's buffer; all are read before any is written."""
    moves = list(zip(target.tolist(), source.tolist(), strict=False))
    for base, size in zip(pointers.tolist(), strides.tolist(), strict=False):
        held = [ctypes.string_at(base + old * size, size) for _, old in moves]
        for (new, _), content in zip(moves, held, strict=False):
            ctypes.memmove(base + new * size, content, size)


def fill_accept_out_cache_loc_cpu(accepted, slots, out):
    """The slots of the accepted nodes, packed to the front."""
    kept = accepted.flatten()
    kept = kept[kept >= 0].long()
    out[: len(kept)] = slots[kept]
