"""Golden vectors for tests/core/moments.test.ts, computed by NumPy and SciPy in longdouble where they allow.

Run: python3 moments.py > moments.json   (numpy, scipy)
"""
import json
import warnings

import numpy as np
import scipy
from scipy import stats

warnings.simplefilter("ignore")  # SciPy warns of nearly equal values at large offsets; the reference is exact below
rng = np.random.default_rng(20261122)


def case(name, values, seconds):
    x = np.asarray(values, dtype=np.float64)
    t = np.asarray(seconds, dtype=np.float64)
    # The statistics of the doubles as they are: offsets are removed exactly before SciPy sees them.
    wide = x.astype(np.longdouble)
    mean = wide.mean()
    centred = (wide - mean).astype(np.float64)
    constant = bool(np.all(x == x[0]))
    slope = 0.0 if constant or np.all(t == t[0]) else float(stats.linregress(t, centred).slope)
    return {
        "name": name,
        "values": x.tolist(),
        "seconds": t.tolist(),
        "expected": {
            "mean": float(mean),
            "std": float(np.sqrt((centred**2).mean())),
            "min": float(x.min()),
            "max": float(x.max()),
            "rms": float(np.sqrt((wide**2).mean())),
            "skewness": 0.0 if constant else float(stats.skew(centred)),
            "kurtosis": 0.0 if constant else float(stats.kurtosis(centred)),
            "slope": slope,
        },
    }


t30 = np.arange(30) + rng.uniform(-0.1, 0.1, 30)
cases = [
    case("normal", rng.normal(60, 2, 30), t30),
    case("skewed", rng.exponential(3, 30), t30),
    case("heavy tails", rng.standard_t(3, 30) * 5, t30),
    case("ramp with noise", 5 + 0.3 * t30 + rng.normal(0, 0.1, 30), t30),
    case("offset of 1e9", 1e9 + rng.normal(0, 1, 30), t30),
    case("offset of 1e9 with a drop-out first", np.concatenate([[0.0], 1e9 + rng.normal(0, 1, 29)]), t30),
    case("negative offset of 1e9", -1e9 + rng.gamma(2, 1, 30), t30),
    case("small values", rng.normal(0, 1e-9, 30), t30),
    case("constant", np.full(30, 42.5), t30),
    case("one value", [3.25], [1.5]),
    case("two values", [1.0, 4.0], [0.0, 10.0]),
    case("one instant", [1.0, 4.0, 2.0], [5.0, 5.0, 5.0]),
    case("a thousand", rng.normal(-3, 7, 1000), np.arange(1000) * 0.03),
    case("descending order of time", rng.normal(1, 1, 20), np.arange(20)[::-1].astype(float)),
]
print(json.dumps({"numpy": np.__version__, "scipy": scipy.__version__, "cases": cases}))
