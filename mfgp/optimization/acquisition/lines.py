"""The expected maximum of lines in one standard normal, in closed form."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

ENTRIES = 1 << 21  # pairs of lines that are compared at once


class ExpectedMaximum(NamedTuple):
    """What is expected of the largest of several lines, against one that is held.

    gain
        (...) E max_j (a_j + b_j Z) - a_held, which is never negative.
    chance
        (...) probability that some line is larger, by more than a margin, than the one that is held.
    """

    gain: Tensor
    chance: Tensor


def expected_maximum(levels: Tensor, slopes: Tensor, held: Tensor, margin: float = 0.0) -> ExpectedMaximum:
    """How much the largest of the lines a_j + b_j Z is expected to rise above the largest of those a_j that are held.

    Each line is the largest between two values of Z, and contributes a_j (Phi(u) - Phi(l)) + b_j (phi(l) - phi(u))
    (Frazier, Powell & Dayanik 2009, INFORMS J. Comput. 21, 599, equation 14). All lines are compared with all, which
    costs m^2 a batch and no sorting.

    Parameters
    ----------
    levels
        (..., m) the a_j.
    slopes
        (..., m) the b_j, in the same unit; differentiable, as are the levels.
    held
        (m,) whether each line can be held, of which at least one is.
    margin
        Of the chance.

    Examples
    --------
    >>> levels, slopes = torch.tensor([0.0, 1.0]), torch.tensor([0.0, 1.0])  # E max(0, 1 + Z)
    >>> gain, chance = expected_maximum(levels, slopes, torch.tensor([True, False]))  # less 0
    >>> print(round(gain.item(), 4), round(chance.item(), 4))
    1.0833 0.8413
    >>> gain, chance = expected_maximum(levels, slopes, torch.tensor([True, True]))  # less 1
    >>> print(round(gain.item(), 4), round(chance.item(), 4))
    0.0833 0.1587
    """
    levels, slopes = torch.broadcast_tensors(levels, slopes)
    shape, count = levels.shape[:-1], levels.shape[-1]
    a, b = levels.reshape(-1, count), slopes.reshape(-1, count)
    block = max(1, ENTRIES // count**2)
    parts = [_of_batch(*part, held, margin) for part in zip(a.split(block), b.split(block), strict=True)]
    gain, chance = (torch.cat(part).view(shape) for part in zip(*parts, strict=True))
    return ExpectedMaximum(gain, chance)


def _of_batch(a: Tensor, b: Tensor, held: Tensor, margin: float) -> tuple[Tensor, Tensor]:
    lower, upper = _reach(a.detach(), b.detach())
    top = a.masked_fill(~held, -torch.inf).argmax(-1, keepdim=True)
    live = upper > lower
    lower, upper = torch.where(live, lower, 0.0), torch.where(live, upper, 0.0)
    share = torch.special.ndtr(upper) - torch.special.ndtr(lower)
    rise = (a - a.gather(-1, top)) * share + b * (_density(lower) - _density(upper))
    return rise.sum(-1).clamp_min(0.0), _overtaken(a.detach(), b.detach(), top, margin)


def _overtaken(a: Tensor, b: Tensor, top: Tensor, margin: float) -> Tensor:
    """Probability that a line is above the top one by more than a margin: outside an interval of Z, if there is one."""
    behind, steeper = a.gather(-1, top) + margin - a, b - b.gather(-1, top)
    always = ((steeper == 0.0) & (behind < 0.0)).any(-1)
    crossing = behind / steeper
    upper = torch.where(steeper > 0.0, crossing, torch.inf).amin(-1)
    lower = torch.where(steeper < 0.0, crossing, -torch.inf).amax(-1)
    inside = (torch.special.ndtr(upper) - torch.special.ndtr(lower)).clamp_min(0.0)
    return torch.where(always, 1.0, 1.0 - inside)


def _reach(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Between which values of Z each line is the largest; of lines that are the same everywhere, the first is."""
    above, steeper = a.unsqueeze(-1) - a.unsqueeze(-2), b.unsqueeze(-2) - b.unsqueeze(-1)  # of j over k, of k over j
    crossing = above / steeper
    place = torch.arange(a.shape[-1], device=a.device)
    beaten = (steeper == 0.0) & ((above < 0.0) | ((above == 0.0) & (place.unsqueeze(-1) > place)))
    upper = torch.where(steeper > 0.0, crossing, torch.inf).amin(-1)
    lower = torch.where(steeper < 0.0, crossing, -torch.inf).amax(-1)
    return lower, torch.where(beaten.any(-1), -torch.inf, upper)


def _density(z: Tensor) -> Tensor:
    return torch.exp(-0.5 * z.square()) / (2.0 * torch.pi) ** 0.5
