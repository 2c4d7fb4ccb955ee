"""Makes preparation.json beside it: what scikit-learn makes of random data. Needs numpy, scipy and scikit-learn.

    python tests/training/golden/preparation.py
"""
import json
import pathlib

import numpy as np
import scipy.stats
import sklearn
from sklearn.impute import SimpleImputer
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, PowerTransformer, StandardScaler
from sklearn.tree import DecisionTreeClassifier

rng = np.random.default_rng(20260105)


def holes(values):
    """NaN as JSON has it."""
    return [[None if np.isnan(x) else float(x) for x in row] for row in values]


def scaling():
    rows = rng.normal([3, -1e4, 0.02], [2, 7, 1e-3], size=(60, 3))
    rows[rng.random(rows.shape) < 0.1] = np.nan
    scaler = StandardScaler()
    out = make_pipeline(scaler, SimpleImputer(strategy="constant", fill_value=0)).fit_transform(rows)
    return {"rows": holes(rows), "mean": scaler.mean_.tolist(), "std": scaler.scale_.tolist(), "out": out.tolist()}


def outliers():
    values = rng.standard_t(2, size=200)
    low, high = np.quantile(values, [0.001, 0.999])
    return {"values": values.tolist(), "low": low, "high": high, "out": np.clip(values, low, high).tolist()}


def power(values):
    transformer = PowerTransformer("yeo-johnson", standardize=False)
    out = transformer.fit_transform(values.reshape(-1, 1))[:, 0]
    return {
        "values": values.tolist(),
        "skewness": float(scipy.stats.skew(values)),
        "lambda": float(transformer.lambdas_[0]),
        "out": out.tolist(),
    }


def given_power(power):
    values = np.array([-30.0, -2.5, -1e-9, 0.0, 1e-9, 0.4, 3.0, 250.0])
    transformer = PowerTransformer("yeo-johnson", standardize=False).fit(values.reshape(-1, 1))
    transformer.lambdas_ = np.array([power])
    return {"lambda": power, "values": values.tolist(), "out": transformer.transform(values.reshape(-1, 1))[:, 0].tolist()}


def categories():
    known = rng.choice(["L", "M", "H"], size=40)
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit(known.reshape(-1, 1))
    asked = [*known[:10], "X"]
    return {
        "values": encoder.categories_[0].tolist(),
        "asked": asked,
        "out": encoder.transform(np.array(asked).reshape(-1, 1)).tolist(),
    }


def folds(groups, count, share):
    sizes = rng.integers(5, 200, size=groups)
    group = np.repeat(np.arange(groups), sizes)
    risk = rng.random(groups) < share
    y = (rng.random(len(group)) < np.where(risk[group], 0.3, 0.01)).astype(int)
    found = {}
    for name, splitter in {"group": GroupKFold(count), "stratified": StratifiedGroupKFold(count)}.items():
        fold_of = np.zeros(groups, dtype=int)
        for fold, (_, held) in enumerate(splitter.split(group, y, group)):
            fold_of[group[held]] = fold
        found[name] = fold_of.tolist()
    counts = [[int(((group == g) & (y == c)).sum()) for c in (0, 1)] for g in range(groups)]
    return {"folds": count, "counts": counts, **found}


def calibration(rows, share):
    y = (rng.random(rows) < share).astype(int)
    scores = np.round(1 / (1 + np.exp(-(2.5 * y - 2 + 1.5 * rng.normal(size=rows)))), 3)
    held = np.clip(scores, 1e-7, 1 - 1e-7)
    logit = (np.log(held) - np.log1p(-held)).reshape(-1, 1)
    # Platt's targets, as CalibratedClassifierCV has them, as weights of both classes.
    target = np.where(y == 1, (y.sum() + 1) / (y.sum() + 2), 1 / (rows - y.sum() + 2))
    platt = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-14, max_iter=1000).fit(
        np.vstack([logit, logit]),
        np.repeat([1, 0], rows),
        sample_weight=np.concatenate([target, 1 - target]),
    )
    isotonic = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(scores, y)
    grid = np.linspace(0, 1, 41)
    return {
        "scores": scores.tolist(),
        "positive": y.tolist(),
        "slope": float(platt.coef_[0, 0]),
        "offset": float(platt.intercept_[0]),
        "grid": grid.tolist(),
        "isotonic": isotonic.predict(grid).tolist(),
    }


def limits():
    # Sixty-fourths: scikit-learn's trees hold single precision.
    values = np.round(rng.normal(size=400) * 64) / 64
    y = ((values > 1.1) & (rng.random(400) < 0.8) | (rng.random(400) < 0.05)).astype(int)
    tree = DecisionTreeClassifier(criterion="entropy", max_leaf_nodes=5, min_samples_leaf=5, random_state=0)
    tree.fit(values.reshape(-1, 1), y)
    found = np.sort(tree.tree_.threshold[tree.tree_.feature >= 0])
    return {"values": values.tolist(), "positive": y.tolist(), "most": 4, "limits": found.tolist()}


out = {
    "sklearn": sklearn.__version__,
    "scaling": scaling(),
    "outliers": outliers(),
    "powers": [power(rng.gamma(1, 2, 300)), power(-rng.gamma(2, 1, 300) + 1), power(rng.normal(0, 1, 300) ** 3)],
    "givenPowers": [given_power(p) for p in (-1.5, 0.0, 0.5, 1.0, 2.0, 3.2)],
    "categories": categories(),
    "folds": [folds(17, 4, 0.4), folds(60, 5, 0.3), folds(9, 3, 1.0)],
    "calibrations": [calibration(200, 0.4), calibration(400, 0.1)],
    "limits": [limits(), limits()],
}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(out) + "\n")
