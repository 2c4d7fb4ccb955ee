"""Makes metrics.json beside it: what scikit-learn says of a few score lists. Needs numpy and scikit-learn.

    python tests/training/golden/metrics.py
"""
import json
import pathlib

import numpy as np
import sklearn
from sklearn.metrics import (
    average_precision_score,
    precision_recall_fscore_support,
    roc_auc_score,
)

rng = np.random.default_rng(20260105)


def case(name, scores, positive, above):
    scores = np.asarray(scores, dtype=float)
    positive = np.asarray(positive, dtype=int)
    precision, recall, f1, _ = precision_recall_fscore_support(
        positive, scores > above, average="binary", zero_division=0
    )
    return {
        "name": name,
        "scores": scores.tolist(),
        "positive": positive.tolist(),
        "above": above,
        "precision": float(precision),
        "recall": float(recall),
        "f1": float(f1),
        "prAuc": float(average_precision_score(positive, scores)),
        "rocAuc": float(roc_auc_score(positive, scores)),
    }


def noisy(rows, share, shift, decimals):
    positive = (rng.random(rows) < share).astype(int)
    scores = 1 / (1 + np.exp(-(rng.normal(size=rows) + shift * positive - 1)))
    return np.round(scores, decimals), positive


cases = [
    case("perfect", [0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1], 0.5),
    case("inverted", [0.9, 0.8, 0.2, 0.1], [0, 0, 1, 1], 0.5),
    case("all equal", [0.5] * 6, [0, 1, 0, 1, 1, 0], 0.5),
    case("nothing said", [0.1, 0.3, 0.2], [1, 0, 1], 0.9),
    case("many ties", *noisy(80, 0.3, 1.5, 1), 0.5),
    case("rare", *noisy(300, 0.05, 2.5, 6), 0.7),
    case("weak", *noisy(200, 0.5, 0.3, 6), 0.3),
]
out = pathlib.Path(__file__).with_suffix(".json")
out.write_text(json.dumps({"sklearn": sklearn.__version__, "cases": cases}, indent=1) + "\n")
