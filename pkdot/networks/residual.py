"""The basic residual block (He et al., 2016) over two or three axes, stacks and whole nets of it.

Submodules carry the names that torchvision gives them, so that public weights load unchanged.
"""

from torch import Tensor, nn

from ..errors import InputError

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


MAP_SIZES = ("small", "resnet18")


def residual_map(channels: int, size: str, feature_dim: int = 64) -> tuple[nn.Sequential, int]:
    """A 2-D network of residual blocks: (B, channels, H, W) -> map (B, F, H', W'), and F.

    Args:
        channels: of the input.
        size: ``"resnet18"`` (11.2 million parameters, F = 512; sizes a 32nd of the input's) or
            ``"small"`` (F = ``feature_dim``; sizes a sixteenth), rounded up.
        feature_dim: F of the small one.

    Raises:
        InputError: for another size.
    """
    if size not in MAP_SIZES:
        raise InputError(f"size must be 'small' or 'resnet18', not {size!r}.")
    whole = size == "resnet18"
    widths, blocks = ((64, 128, 256, 512), 2) if whole else ((16, 32, feature_dim), 1)
    stem = nn.Sequential(
        nn.Conv2d(channels, widths[0], 7, stride=2, padding=3, bias=False),
        nn.BatchNorm2d(widths[0]),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, stride=2, padding=1),
    )
    stages = [
        stage(BasicBlock2d, before, after, blocks, stride=1 if first else 2)
        for first, before, after in zip(
            (True, False, False, False), (widths[0], *widths), widths, strict=False
        )
    ]
    return nn.Sequential(stem, *stages), widths[-1]


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
