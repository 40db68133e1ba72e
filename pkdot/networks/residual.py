"""The basic residual block (He et al., 2016) over two or three axes, and stacks of it.

Submodules carry the names that torchvision gives them, so that public weights load unchanged.
"""

from torch import Tensor, nn

_CONV = {2: nn.Conv2d, 3: nn.Conv3d}
_NORM = {2: nn.BatchNorm2d, 3: nn.BatchNorm3d}


class BasicBlock3d(nn.Module):
    """Two 3 × 3 × 3 convolutions and a shortcut: (B, C, T, H, W) -> (B, out, T/s, H/s, W/s)."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Sequential(
            _conv3(3, in_channels, out_channels, stride),
            nn.BatchNorm3d(out_channels),
            nn.ReLU(inplace=True),
        )
        self.conv2 = nn.Sequential(
            _conv3(3, out_channels, out_channels, 1), nn.BatchNorm3d(out_channels)
        )
        self.relu = nn.ReLU(inplace=True)
        self.downsample = _shortcut(3, in_channels, out_channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        return self.relu(self.conv2(self.conv1(x)) + shortcut)


class BasicBlock2d(nn.Module):
    """Two 3 × 3 convolutions and a shortcut: (B, C, H, W) -> (B, out, H/s, W/s)."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = _conv3(2, in_channels, out_channels, stride)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = _conv3(2, out_channels, out_channels, 1)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.downsample = _shortcut(2, in_channels, out_channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        return self.relu(self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x))))) + shortcut)


def stage(
    block: type[BasicBlock2d] | type[BasicBlock3d],
    in_channels: int,
    out_channels: int,
    blocks: int,
    stride: int,
) -> nn.Sequential:
    """Blocks in a row; the first one changes width and resolution."""
    first = block(in_channels, out_channels, stride)
    return nn.Sequential(first, *(block(out_channels, out_channels, 1) for _ in range(blocks - 1)))


def initialise(network: nn.Module) -> None:
    """Fresh weights for convolutions that ReLU follows (He et al., 2015)."""
    for module in network.modules():
        if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def _conv3(axes: int, in_channels: int, out_channels: int, stride: int) -> nn.Module:
    return _CONV[axes](in_channels, out_channels, 3, stride=stride, padding=1, bias=False)


def _shortcut(axes: int, in_channels: int, out_channels: int, stride: int) -> nn.Sequential | None:
    if stride == 1 and in_channels == out_channels:
        return None
    return nn.Sequential(
        _CONV[axes](in_channels, out_channels, 1, stride=stride, bias=False),
        _NORM[axes](out_channels),
    )
