"""Golden vectors for src/core/pca.ts: components, T², Q and their contributions by NumPy and scikit-learn.

    python3 -m venv venv && venv/bin/pip install numpy scikit-learn
    venv/bin/python tests/core/golden/pca.py > tests/core/golden/pca.json
"""
import json

import numpy as np
from sklearn.decomposition import PCA

random = np.random.default_rng(7)
cases = []
for rows, size in [(40, 2), (60, 5), (200, 8), (500, 24)]:
    mix = random.normal(size=(size, size))
    data = random.normal(size=(rows, size)) @ mix + random.normal(size=size) * 10
    scale = data.std(axis=0)
    standard = (data - data.mean(axis=0)) / scale
    pca = PCA().fit(standard)
    # PCA divides by rows - 1, the running covariance by rows.
    values = pca.explained_variance_ * (rows - 1) / rows
    kept = min(size - 1, int(np.searchsorted(np.cumsum(values), 0.9 * values.sum()) + 1))
    axes = pca.components_[:kept]
    deviation = random.normal(size=size) * 3
    along = axes @ deviation
    off = deviation - axes.T @ along
    cases.append(
        {
            "covariance": np.cov(data, rowvar=False, bias=True).ravel().tolist(),
            "spread": scale.tolist(),
            "eigenvalues": values.tolist(),
            "kept": kept,
            "deviation": deviation.tolist(),
            "t2": float(np.sum(along**2 / values[:kept])),
            "q": float(np.sum(off**2)),
            "t2Contributions": (deviation * (axes.T @ (along / values[:kept]))).tolist(),
            "qContributions": (deviation * off).tolist(),
        }
    )
print(json.dumps({"numpy": np.__version__, "cases": cases}))
