"""The detector's second network: what a slice's neighbours say about it.

Al Fahim, section III.B.3: a principal component analysis takes the 2048 features of each slice to 120, a
bidirectional LSTM over all slices of the scan gives 256, these are joined with the slice's own outputs, and a
linear classifier gives the final ones.
"""

import torch
from torch import Tensor, nn

from .resnext import OUTPUTS

COMPONENTS = 120
HIDDEN = 128
"""Of each direction: 256 together."""


class SliceSequence(nn.Module):
    """Logits of every slice of a scan from all of its slices.

    The principal components are fitted once, not trained: they are buffers, and travel with the weights.

    Args:
        features: length of a slice's feature vector.
        components: how many principal components of it are used.
        hidden: LSTM cells of each direction.
        outputs: logits of a slice.
    """

    mean: Tensor
    components: Tensor

    def __init__(
        self, features: int = 2048, components: int = COMPONENTS, hidden: int = HIDDEN, outputs: int = OUTPUTS
    ) -> None:
        super().__init__()
        if not 0 < components <= features:
            raise ValueError(f"expected 1 to {features} components, found {components}")
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("components", torch.eye(components, features))
        self.lstm = nn.LSTM(components, hidden, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(2 * hidden + outputs, outputs)

    def set_components(self, mean: Tensor, components: Tensor) -> None:
        """Take over a fitted analysis.

        Args:
            mean: ``[F]`` of the features.
            components: ``[C, F]`` directions, the strongest first, as scikit-learn's ``components_``.
        """
        if mean.shape != self.mean.shape or components.shape != self.components.shape:
            raise ValueError(
                f"expected a mean and components of {tuple(self.mean.shape)} and "
                f"{tuple(self.components.shape)}, found {tuple(mean.shape)} and {tuple(components.shape)}"
            )
        with torch.no_grad():
            self.mean.copy_(mean)
            self.components.copy_(components)

    def reduced(self, features: Tensor) -> Tensor:
        """Principal components ``[..., C]`` of features ``[..., F]``."""
        return (features - self.mean) @ self.components.T

    def forward(self, features: Tensor, logits: Tensor) -> Tensor:
        """Final logits ``[B, D, K]`` of scans from their slices' features ``[B, D, F]`` and own logits
        ``[B, D, K]``, both from below upward.

        The paper joins the "slice-wise prediction labels"; here these are logits, which do not saturate.
        """
        context, _ = self.lstm(self.reduced(features))
        final: Tensor = self.fc(torch.cat([context, logits], dim=-1))
        return final
