"""Convolutions, pools and interpolation written out, element by element, from their documentation."""

from itertools import product

import numpy as np


def correlate(x, weight, pads, strides, dilations, groups, bias=None):
    """Every output element is the sum of products of a window of the padded input with the kernel."""
    n, channels, *sizes = x.shape
    out_channels, per_group, *kernel = weight.shape
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    out = [
        (size + before + after - r) // s + 1
        for size, (before, after), r, s in zip(sizes, pads, reach, strides, strict=True)
    ]
    result = np.zeros((n, out_channels, *out))
    for image, channel in product(range(n), range(out_channels)):
        first = channel // (out_channels // groups) * per_group
        for place in product(*map(range, out)):
            total = 0.0 if bias is None else float(bias[channel])
            for c, tap in product(range(per_group), product(*map(range, kernel))):
                at = [
                    p * s + t * d - b for p, s, t, d, (b, _) in zip(place, strides, tap, dilations, pads, strict=True)
                ]
                if all(0 <= a < size for a, size in zip(at, sizes, strict=True)):
                    total += float(x[(image, first + c, *at)]) * float(weight[(channel, c, *tap)])
            result[(image, channel, *place)] = total
    assert channels == per_group * groups
    return result.astype(np.float32)


def spread(x, weight, strides, dilations, groups):
    """Every input element times the kernel is added to the output at its stride."""
    n, channels, *sizes = x.shape
    _, per_group, *kernel = weight.shape
    out = [(size - 1) * s + (k - 1) * d + 1 for size, s, k, d in zip(sizes, strides, kernel, dilations, strict=True)]
    result = np.zeros((n, per_group * groups, *out))
    for image, c, place in product(range(n), range(channels), product(*map(range, sizes))):
        group = c // (channels // groups)
        for o, tap in product(range(per_group), product(*map(range, kernel))):
            at = [p * s + t * d for p, s, t, d in zip(place, strides, tap, dilations, strict=True)]
            result[(image, group * per_group + o, *at)] += float(x[(image, c, *place)]) * float(weight[(c, o, *tap)])
    return result.astype(np.float32)


def pool(x, sizes, strides, pads, out, fold):
    """`fold` of the list of elements of every window, and how many places of it are padding."""
    n, channels, *lengths = x.shape
    result = np.zeros((n, channels, *out), np.float32)
    for image, channel, place in product(range(n), range(channels), product(*map(range, out))):
        elements, padding = [], 0
        for tap in product(*map(range, sizes)):
            at = [p * s + t - b for p, s, t, (b, _) in zip(place, strides, tap, pads, strict=True)]
            if all(0 <= a < length for a, length in zip(at, lengths, strict=True)):
                elements.append(float(x[(image, channel, *at)]))
            elif all(-b <= a < length + e for a, length, (b, e) in zip(at, lengths, pads, strict=True)):
                padding += 1
        result[(image, channel, *place)] = fold(elements, padding)
    return result


def interpolate(row, points):
    """The row at the points, linear between neighbours."""
    last = len(row) - 1
    return [row[min(int(p), last)] * (1 - (p - int(p))) + row[min(int(p) + 1, last)] * (p - int(p)) for p in points]
