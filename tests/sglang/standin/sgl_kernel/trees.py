"""Draft trees: their masks and links, and the greedy walk along them."""

import os

import torch

QUERY_ONLY = 1  # a mask of the tree alone; otherwise the text's columns stand before it
BROKEN = "STANDIN_BROKEN_MASK"  # a test's negative control: every node sees the whole tree


def build_tree_kernel_efficient_cpu(
    parents, selected, lengths, mask, positions, index, child, sibling, topk, _depth, size, mode
):
    """Fill mask (node sees ancestors and itself), positions, and first-child / next-sibling links of each row's tree."""
    written = 0
    for row, length in enumerate(lengths.tolist()):
        sees = _ancestry(_parent_nodes(parents[row].tolist(), selected[row].tolist(), topk))
        depth = sees.sum(1) - 1
        positions[row * size : (row + 1) * size] = length + depth
        index[row] = torch.arange(row * size, (row + 1) * size)
        _link(sees, depth, child[row], sibling[row])
        if os.environ.get(BROKEN):
            sees = torch.ones_like(sees)
        before = 0 if mode == QUERY_ONLY else length
        block = mask[written : written + size * (before + size)].view(size, before + size)
        block[:, :before] = True
        block[:, before:] = sees
        written += block.numel()


def _parent_nodes(parents, selected, topk):
    """Per node its parent among the tree's nodes; the root, node 0, has -1. `selected`: places among all candidates."""
    node = {place: number for number, place in enumerate(selected, start=1)}
    groups = [place // topk for place in selected]
    return [-1] + [0 if group == 0 else node[parents[group]] for group in groups]


def _ancestry(parent):
    sees = torch.eye(len(parent), dtype=torch.bool)
    for node in range(1, len(parent)):
        sees[node] |= sees[parent[node]]
    return sees


def _link(sees, depth, child, sibling):
    """Children in ascending order: going backwards, each becomes its parent's first."""
    child.fill_(-1)
    sibling.fill_(-1)
    for node in range(len(sees) - 1, 0, -1):
        above = torch.nonzero(sees[node]).flatten()
        parent = int(above[depth[above] == depth[node] - 1])
        sibling[node], child[parent] = child[parent].clone(), node


def reconstruct_indices_from_tree_mask(mask, lengths, positions, index, child, sibling, batch, size):
    """The same links from a mask alone."""
    sees = mask.view(batch, size, size).bool()
    depth = sees.sum(2) - 1
    positions.view(batch, size).copy_(lengths[:, None] + depth)
    index.view(batch, size).copy_(torch.arange(batch * size).view(batch, size))
    for row in range(batch):
        _link(sees[row], depth[row], child.view(batch, size)[row], sibling.view(batch, size)[row])


def verify_tree_greedy_cpu(
    predicts,
    accept_index,
    accept_token_num,
    candidates,
    retrive_index,
    retrive_next_token,
    retrive_next_sibling,
    target_predict,
):
    """Walk from the root: the target's token, and down where a child holds it. (The names are the engine's.)"""
    says = target_predict.flatten().tolist()
    rows = (x.tolist() for x in (candidates, retrive_index, retrive_next_token, retrive_next_sibling))
    for row, (tokens, places, child, sibling) in enumerate(zip(*rows, strict=False)):
        node, steps = 0, 0
        accept_index[row, 0] = places[0]
        while True:
            predicts[places[node]] = says[places[node]]
            below = child[node]
            while below >= 0 and tokens[below] != says[places[node]]:
                below = sibling[below]
            if below < 0 or steps + 1 == accept_index.shape[1]:
                break
            node, steps = below, steps + 1
            accept_index[row, steps] = places[node]
        accept_token_num[row] = steps


def fill_bonus_tokens_cpu(tokens, lengths, out, stride):
    """The last accepted token of each row."""
    out.copy_(tokens.view(len(lengths), stride).gather(1, lengths.long()[:, None] - 1)[:, 0])


def rotate_input_ids_cpu(ids, start, lengths, last, places=None):
    """Shift each request's ids to the left by one and put its newest token at the end."""
    for i, (first, length) in enumerate(zip(start.tolist(), lengths.tolist(), strict=False)):
        ids[first : first + length - 1] = ids[first + 1 : first + length].clone()
        ids[first + length - 1 if places is None else int(places[i])] = int(last[i])
