"""What happens inside a network, without computing it: networks on the ``meta`` device have shapes only."""

import weakref
from collections import Counter

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


def parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def outputs_of(network: nn.Module, kind: type[nn.Module], image: Tensor) -> list[tuple[int, ...]]:
    """Channels and size of what each module of this kind gives, in the order in which they run."""
    seen: list[tuple[int, ...]] = []
    for module in network.modules():
        if isinstance(module, kind):
            module.register_forward_hook(lambda _m, _i, output: seen.append(tuple(output.shape[1:])))
    network(image)
    return seen


def kept_for_backward(network: nn.Module, image: Tensor) -> int:
    """Bytes of activations that stay in memory until the gradients are computed."""
    own = {tensor.untyped_storage()._cdata for tensor in [*network.parameters(), *network.buffers()]}
    kept: dict[int, tuple[int, Tensor]] = {}  # the tensors too, lest a storage's number be given again

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in own:
            kept[storage._cdata] = storage.nbytes(), tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        network.train()(image)
    return sum(size for size, _ in kept.values())


class PeakBytes(TorchDispatchMode):
    """The most memory that the tensors made under it take at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.peak = 0
        self._uses: Counter[int] = Counter()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor):
                storage = tensor.untyped_storage()
                self._uses[storage._cdata] += 1
                if self._uses[storage._cdata] == 1:
                    self.now += storage.nbytes()
                    self.peak = max(self.peak, self.now)
                weakref.finalize(tensor, self._free, storage._cdata, storage.nbytes())
        return result

    def _free(self, number: int, size: int) -> None:
        self._uses[number] -= 1
        if self._uses[number] == 0:
            self.now -= size


def peak_in_use(network: nn.Module, image: Tensor) -> int:
    """Bytes of activations that are in memory at once when a scan is segmented."""
    with torch.no_grad(), PeakBytes() as memory:
        network.eval()(image)
    return memory.peak
