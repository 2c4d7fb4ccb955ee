"""Makes metrics.json beside it: what scikit-learn says of random and of awkward scores. Needs numpy and scikit-learn.

    python tests/training/golden/metrics.py
"""
import json
import pathlib
import warnings

import numpy as np
import sklearn
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    balanced_accuracy_score,
    brier_score_loss,
    confusion_matrix,
    log_loss,
    matthews_corrcoef,
    precision_recall_fscore_support,
    roc_auc_score,
)

warnings.filterwarnings("ignore")
rng = np.random.default_rng(20260105)


def diagram(positive, scores, strategy):
    observed, predicted = calibration_curve(positive, scores, n_bins=10, strategy=strategy)
    return {"observed": observed.tolist(), "predicted": predicted.tolist()}


def case(name, scores, positive, above):
    scores = np.asarray(scores, dtype=float)
    positive = np.asarray(positive, dtype=int)
    said = scores > above
    precision, recall, f1, _ = precision_recall_fscore_support(
        positive, said, average="binary", zero_division=0
    )
    return {
        "name": name,
        "scores": scores.tolist(),
        "positive": positive.tolist(),
        "above": above,
        "confusion": confusion_matrix(positive, said, labels=[0, 1]).tolist(),
        "accuracy": float(accuracy_score(positive, said)),
        "balancedAccuracy": float(balanced_accuracy_score(positive, said)),
        "correlation": float(matthews_corrcoef(positive, said)),
        "precision": float(precision),
        "recall": float(recall),
        "f1": float(f1),
        "prAuc": float(average_precision_score(positive, scores)),
        "rocAuc": float(roc_auc_score(positive, scores)),
        "brier": float(brier_score_loss(positive, scores)),
        "logLoss": float(log_loss(positive, scores, labels=[0, 1])),
        "uniform": diagram(positive, scores, "uniform"),
        "quantile": diagram(positive, scores, "quantile"),
    }


def noisy(rows, share, shift, decimals):
    positive = (rng.random(rows) < share).astype(int)
    scores = 1 / (1 + np.exp(-(rng.normal(size=rows) + shift * positive - 1)))
    return np.round(scores, decimals), positive


def regression(name, rows, width, c):
    inputs = np.round(rng.normal(size=(rows, width)), 3)
    inputs[:, -1] = np.round(inputs[:, 0] + 0.1 * inputs[:, -1], 3)  # nearly the same column twice
    truth = inputs @ rng.normal(size=width) + rng.logistic(size=rows) > 1
    fitted = LogisticRegression(C=c, tol=1e-12, max_iter=10_000, solver="newton-cholesky").fit(inputs, truth)
    return {
        "name": name,
        "inputs": inputs.ravel().tolist(),
        "width": width,
        "positive": truth.astype(int).tolist(),
        "c": c,
        "weights": fitted.coef_[0].tolist(),
        "bias": float(fitted.intercept_[0]),
    }


cases = [
    case("perfect", [0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1], 0.5),
    case("inverted", [0.9, 0.8, 0.2, 0.1], [0, 0, 1, 1], 0.5),
    case("all equal", [0.5] * 6, [0, 1, 0, 1, 1, 0], 0.5),
    case("nothing said", [0.1, 0.3, 0.2], [1, 0, 1], 0.9),
    case("certain and wrong", [0, 1, 1, 0], [1, 0, 1, 0], 0.5),
    case("on the edges of bins", np.arange(11) / 10, [0, 1, 0, 0, 1, 0, 1, 1, 0, 1, 1], 0.3),
    case("many ties", *noisy(80, 0.3, 1.5, 1), 0.5),
    case("rare", *noisy(300, 0.05, 2.5, 6), 0.7),
    case("weak", *noisy(200, 0.5, 0.3, 6), 0.3),
    *(case(f"random {i}", *noisy(int(rng.integers(30, 120)), rng.uniform(0.1, 0.9), rng.uniform(0, 3), int(rng.integers(1, 8))), float(np.round(rng.random(), 2))) for i in range(12)),
]
regressions = [
    regression("of two features", 60, 2, 1.0),
    regression("of five, two of them alike", 120, 5, 1.0),
    regression("hardly penalised", 150, 4, 100.0),
]
out = pathlib.Path(__file__).with_suffix(".json")
out.write_text(
    json.dumps({"sklearn": sklearn.__version__, "cases": cases, "regressions": regressions}, indent=None, separators=(",", ":"))
    + "\n"
)
