"""A key/value cache for rows that progress at different speeds and for trees that are mostly thrown away.

One preallocated buffer per group of equally shaped layers, (layers, B, heads, capacity, dim); row b's j-th token
lies in slot j (left padding of the prompt, if any, keeps its slots and is masked). A forward writes in place behind
each row's length and nothing is copied but what is new; accepting a path moves its slots with one gather for all
layers, or with nothing at all where the path is a prefix of the tree's order.

    cache = RaggedCache(layers)
    model(prompt, past_key_values=cache)             # filling: rows in step, like any other cache
    cache.seal(capacity)                             # from here on: ragged
    cache.begin(queries); model(tree, mask, ...)     # writes slots length .. length + queries
    cache.accept(path, counts)                       # (B, A) places in the tree, counts (B,) of them are real
"""

from __future__ import annotations

import inspect

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import GenerationMixin
from transformers.cache_utils import Cache, CacheLayerMixin


def cache_argument(model: torch.nn.Module) -> str:
    """How this model's forward calls its cache: `cache` since transformers 5.24, `past_key_values` before. A forward that
    names neither is given what `generate` itself calls it.
    """
    names = inspect.signature(model.forward).parameters
    if not {"cache", "past_key_values"} & set(names):
        names = inspect.signature(GenerationMixin.prepare_inputs_for_generation).parameters
    return "cache" if "cache" in names else "past_key_values"


class _Layer(CacheLayerMixin):
    """One layer's view of the shared buffers."""

    is_sliding = False
    is_croppable = False

    def __init__(self, cache: RaggedCache, index: int) -> None:
        super().__init__()
        self.cache, self.index = cache, index
        self.is_initialized = True

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        """Nothing to do: `RaggedCache.seal` allocates."""

    def update(self, key_states: torch.Tensor, value_states: torch.Tensor, *args: object, **kwargs: object):
        return self.cache.write(self.index, key_states, value_states)

    def get_mask_sizes(self, query_length: int | torch.Tensor) -> tuple[int, int]:
        queries = query_length if isinstance(query_length, int) else int(query_length.shape[0])
        return self.cache.view or self.cache.length_of(self.index) + queries, 0

    def get_seq_length(self) -> int:
        return self.cache.length_of(self.index)

    def get_max_length(self) -> int:
        return -1

    def get_max_cache_shape(self) -> int:
        return -1


class _View:
    """One layer's half of a buffer: `whole` (B, heads, capacity, dim), and the same as `lines` of dim numbers."""

    def __init__(self, whole: torch.Tensor) -> None:
        self.whole, self.lines = whole, whole.view(-1, whole.shape[-1])


class RaggedCache(Cache):
    """See the module's text. `lengths` (B,) on the host, int64: committed slots of each row."""

    def __init__(self, layers: int) -> None:
        super().__init__(layers=[_Layer(self, index) for index in range(layers)])
        self.filling: list[tuple[torch.Tensor, torch.Tensor] | None] = [None] * layers
        self.filled = 0  # longest row, once sealed
        self.view = 0  # slots that the coming forward attends to; 0 while filling
        self.lengths: NDArray[np.int64] = np.zeros(0, np.int64)
        self.stacks: list[tuple[torch.Tensor, torch.Tensor]] = []
        self.place: list[tuple[int, int]] = []  # layer -> (stack, position in it)
        self.capacity = 0

    # -- filling: the prompt, all rows in step ----------------------------------------------------------------
    def _fill(self, index: int, key: torch.Tensor, value: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        before = self.filling[index]
        if before is not None:  # a prompt that arrives in chunks
            key, value = torch.cat([before[0], key], 2), torch.cat([before[1], value], 2)
        self.filling[index] = (key, value)
        return key, value

    def length_of(self, index: int) -> int:
        """Tokens of the longest row in one layer."""
        if self.sealed:
            return self.filled
        before = self.filling[index]
        return before[0].shape[2] if before is not None else 0

    def seal(self, capacity: int, lengths: NDArray[np.int64] | None = None) -> None:
        """End filling: allocate `capacity` slots a row and move the prompt in. Grows later if it must.

        `lengths` (B,): tokens that are real where prompts were padded on the right; default: all that was filled.
        """
        pairs = {index: pair for index, pair in enumerate(self.filling) if pair is not None}
        groups: dict[tuple, list[int]] = {}
        for index, (key, value) in pairs.items():
            shape = (key.shape[1], key.shape[3], value.shape[1], value.shape[3], key.dtype, key.device)
            groups.setdefault(shape, []).append(index)
        self.place = [(-1, -1)] * len(self.filling)  # a layer that reads another one's keys and values writes none
        for number, members in enumerate(groups.values()):
            self.stacks.append(tuple(_stacked([pairs[i][half] for i in members], capacity) for half in (0, 1)))
            for position, index in enumerate(members):
                self.place[index] = (number, position)
        batch, _, filled, _ = next(iter(pairs.values()))[0].shape
        self.capacity = max(capacity, filled)
        self.lengths = np.full(batch, filled, np.int64) if lengths is None else lengths.astype(np.int64)
        self.filled = int(self.lengths.max())
        self.filling = [None] * len(self.filling)
        self._look()

    # -- ragged: trees behind each row's committed part -------------------------------------------------------
    @property
    def sealed(self) -> bool:
        return bool(self.place)

    def begin(self, queries: int, offset: int = 0, multiple: int = 1) -> int:
        """Announce a forward of `queries` tokens a row, written from slot length + offset on. Returns the view: how many
        slots attention will read, a multiple of `multiple`; a mask has to hide those behind.
        """
        self.view = -(-int(self.filled + offset + queries) // multiple) * multiple
        if self.view > self.capacity:
            self._grow(max(self.view + 64, 2 * self.capacity))
        slots = (self.lengths + offset)[:, None] + np.arange(queries)
        self._places = [_places(keys, slots) for keys, _ in self.stacks]
        return self.view

    def write(self, index: int, key: torch.Tensor, value: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        if not self.sealed:
            return self._fill(index, key, value)
        keys, values = self._views[index]
        places = self._places[self.place[index][0]]
        keys.lines.index_copy_(0, places, key.reshape(-1, key.shape[-1]))
        values.lines.index_copy_(0, places, value.reshape(-1, value.shape[-1]))
        return keys.whole[:, :, : self.view], values.whole[:, :, : self.view]

    def _look(self) -> None:
        """Views of the buffers, a pair a layer: making them anew in every write would cost as much as the write."""
        owned = {index: place for index, place in enumerate(self.place) if place[0] >= 0}
        self._views = {
            index: (_View(self.stacks[stack][0][position]), _View(self.stacks[stack][1][position]))
            for index, (stack, position) in owned.items()
        }

    def accept(self, path: NDArray[np.int64], counts: NDArray[np.int64]) -> None:
        """Keep `counts` (B,) nodes of the last tree, `path` (B, A) their places in it, ascending; forget the rest."""
        width = path.shape[1]
        moved = (path != np.arange(width)) & (np.arange(width) < counts[:, None])
        if moved.any():
            rows, columns = np.nonzero(moved)
            self._move(rows, self.lengths[rows] + path[rows, columns], self.lengths[rows] + columns)
        self.lengths = self.lengths + counts
        self.filled = int(self.lengths.max(initial=0))

    def _move(self, rows: NDArray[np.int64], source: NDArray[np.int64], target: NDArray[np.int64]) -> None:
        device = self.stacks[0][0].device
        row, old, new = torch.as_tensor(np.stack([rows, source, target]), device=device)
        for pair in self.stacks:
            for buffer in pair:  # the right side is gathered before anything is written
                buffer[:, row, :, new] = buffer[:, row, :, old]

    def keep_rows(self, rows: NDArray[np.int64]) -> None:
        """Go on with these rows only, ascending: moved to the front in place, the buffers become views of it."""
        for new, old in enumerate(rows.tolist()):  # one row at a time: a gather of all of them took four times as long
            if new != old:
                used = int(self.lengths[old])
                for pair in self.stacks:
                    for buffer in pair:
                        buffer[:, new, :, :used] = buffer[:, old, :, :used]
        self.stacks = [(keys[:, : len(rows)], values[:, : len(rows)]) for keys, values in self.stacks]
        self._look()
        self.lengths = self.lengths[rows]
        self.filled = int(self.lengths.max(initial=0))

    def states(self, row: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Keys and values of one row's committed slots, a pair a stack: (layers, heads, length, dim) each, views."""
        length = int(self.lengths[row])
        return [(keys[:, row, :, :length], values[:, row, :, :length]) for keys, values in self.stacks]

    def _grow(self, capacity: int) -> None:
        for number, pair in enumerate(self.stacks):
            self.stacks[number] = tuple(_extended(buffer, capacity) for buffer in pair)
        self.capacity = capacity
        self._look()


def _places(stack: torch.Tensor, slots: NDArray[np.int64]) -> torch.Tensor:
    """(B * heads * Q,) lines of a layer of `stack` (layers, B, heads, capacity, dim) that belong to `slots` (B, Q)."""
    _, batch, heads, capacity, _ = stack.shape
    first = np.arange(batch * heads).reshape(batch, heads, 1) * capacity
    return torch.as_tensor((first + slots[:, None]).ravel(), device=stack.device)


def _stacked(parts: list[torch.Tensor], capacity: int) -> torch.Tensor:
    batch, heads, length, dim = parts[0].shape
    buffer = parts[0].new_zeros(len(parts), batch, heads, max(capacity, length), dim)
    for position, part in enumerate(parts):
        buffer[position, :, :, :length] = part
    return buffer


def _extended(buffer: torch.Tensor, capacity: int) -> torch.Tensor:
    layers, batch, heads, length, dim = buffer.shape
    larger = buffer.new_zeros(layers, batch, heads, capacity, dim)
    larger[:, :, :, :length] = buffer
    return larger
