"""Light random changes of raw samples while a backbone trains, by their kind."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional


def augment_clips(clips: Tensor) -> Tensor:
    """Each clip (B, 3, T, H, W) mirrored, moved and lit at random, the same in all its frames.

    Half are mirrored left to right, as pain has no handedness; all are moved by up to a fourteenth
    of the side, borders repeated; contrast varies by a fifth (standard deviation), the brightness
    of each colour by a fifth of a pixel's deviation.
    """
    size, device = len(clips), clips.device
    mirrored = torch.rand(size, 1, 1, 1, 1, device=device) < 0.5
    clips = torch.where(mirrored, clips.flip(-1), clips)
    clips = _moved(clips)
    contrast = 1 + 0.2 * torch.randn(size, 1, 1, 1, 1, device=device)
    return clips * contrast + 0.2 * torch.randn(size, 3, 1, 1, 1, device=device)


def augment_pictures(pictures: Tensor) -> Tensor:
    """Each picture (B, C, H, W) moved and lit at random.

    All are moved by up to a fourteenth of the side, borders repeated; contrast varies by a fifth
    (standard deviation), the brightness of each channel by a fifth of the picture's own deviation.
    None is mirrored: letters, signs and hands have a left and a right.
    """
    size, channels, device = len(pictures), pictures.shape[1], pictures.device
    pictures = _moved(pictures[:, :, None])[:, :, 0]
    deviation = pictures.std((1, 2, 3), keepdim=True)
    mean = pictures.mean((1, 2, 3), keepdim=True)
    contrast = 1 + 0.2 * torch.randn(size, 1, 1, 1, device=device)
    brightness = 0.2 * deviation * torch.randn(size, channels, 1, 1, device=device)
    return (pictures - mean) * contrast + mean + brightness


def augment_sounds(sounds: Tensor) -> Tensor:
    """Each sound (B, 1, L) moved and made louder or softer at random.

    All are moved by up to a fourteenth of their length, what leaves at one end coming in at the
    other; loudness varies by 3 dB (standard deviation).
    """
    size, length, device = len(sounds), sounds.shape[-1], sounds.device
    reach = length // 14
    moves = torch.randint(-reach, reach + 1, (size, 1), device=device)
    places = (torch.arange(length, device=device) + moves) % length
    gain = 10 ** (0.15 * torch.randn(size, 1, 1, device=device))
    return sounds.gather(2, places[:, None].expand_as(sounds)) * gain


AUGMENTATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "clip": augment_clips,
    "picture": augment_pictures,
    "sound": augment_sounds,
}
"""By kind; samples of other kinds are left as they are."""


def _moved(clips: Tensor) -> Tensor:
    """Clips (B, C, T, H, W), each moved by up to a fourteenth of its side, borders repeated."""
    height, width = clips.shape[-2:]
    reach = width // 14
    moves = torch.randint(-reach, reach + 1, (2, len(clips), 1), device=clips.device)
    # Windows of a padded copy: gathering pixel by pixel takes twice as long.
    padded = functional.pad(clips, (reach,) * 4 + (0, 0), mode="replicate")
    corners = (reach + moves).flatten(1).tolist()
    return torch.stack(
        [
            clip[..., top : top + height, left : left + width]
            for clip, top, left in zip(padded, *corners, strict=True)
        ]
    )
