"""Golden vectors of integrated gradients: python3 explain.py > explain.json

An implementation of its own, in numpy and double precision: random nets of ReLUs with one logistic output,
the gradient of the log-odds written out by hand, 100,000 midpoints from the zero baseline.
"""
import json
import numpy as np

STEPS = 100_000
rng = np.random.default_rng(20260307)


def net(inputs, hidden):
    sizes = [inputs, *hidden, 1]
    layers = []
    for before, after in zip(sizes, sizes[1:]):
        kernel = rng.normal(0, np.sqrt(2 / before), (before, after)).astype(np.float32)
        bias = rng.normal(0, 0.5, after).astype(np.float32)
        layers.append((kernel, bias))
    return layers


def log_odds_and_gradient(layers, x):
    """x: [points, inputs]; value [points], gradient [points, inputs]."""
    flow, masks = x, []
    for kernel, bias in layers[:-1]:
        flow = flow @ kernel.astype(float) + bias.astype(float)
        masks.append(flow > 0)
        flow = np.maximum(flow, 0)
    kernel, bias = layers[-1]
    value = flow @ kernel.astype(float) + bias.astype(float)
    back = np.repeat(kernel.astype(float).T, len(x), axis=0)
    for (kernel, _), mask in zip(reversed(layers[:-1]), reversed(masks)):
        back = (back * mask) @ kernel.astype(float).T
    return value[:, 0], back


def integrated(layers, row):
    row = row.astype(float)
    way = (np.arange(STEPS) + 0.5)[:, None] / STEPS * row
    _, gradient = log_odds_and_gradient(layers, way)
    ends, _ = log_odds_and_gradient(layers, np.stack([row, 0 * row]))
    return gradient.mean(axis=0) * row, ends[0] - ends[1]


cases = []
for inputs, hidden in [(4, [5, 3]), (24, [16, 8]), (3, [])]:
    layers = net(inputs, hidden)
    rows = rng.normal(0, 2, (6, inputs)).round(3).astype(np.float32)
    rows[0, : inputs // 2] = 0
    explained = [integrated(layers, row) for row in rows]
    for parts, difference in explained:
        assert abs(parts.sum() - difference) < 1e-3
    cases.append(
        {
            "inputs": inputs,
            "hidden": hidden,
            "weights": [float(w) for kernel, bias in layers for w in [*kernel.ravel(), *bias]],
            "rows": [[float(x) for x in row] for row in rows],
            "parts": [[round(float(p), 7) for p in parts] for parts, _ in explained],
            "difference": [round(float(d), 7) for _, d in explained],
        }
    )
print(json.dumps({"steps": STEPS, "cases": cases}))
