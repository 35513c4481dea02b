"""The workloads' values and gradients in plain NumPy, derived by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

Result = tuple[Any, dict[str, np.ndarray]]
LEAST_VARIANCE = 1e-5                              # added to a row's variance before it is divided by
GELU, CUBIC = (2 / np.pi)**0.5, 0.044715           # Hendrycks and Gimpel 2016: gelu by a tanh


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def logsumexp(x: np.ndarray, axis: int) -> np.ndarray:
    top = x.max(axis, keepdims=True)
    return np.log(np.exp(x - top).sum(axis)) + top.squeeze(axis)


def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> tuple[Any, np.ndarray]:
    """The mean over the rows of -log softmax(logits)[label], and its gradient with respect to logits."""
    rows = np.arange(len(labels))
    shifted = logits - logits.max(1, keepdims=True)
    e = np.exp(shifted)
    total = e.sum(1, keepdims=True)
    g = e / total
    g[rows, labels] -= 1
    return np.mean(np.log(total[:, 0]) - shifted[rows, labels]), g / len(labels)


def dispatch(x: np.ndarray) -> Result:
    return x * 2.0 + 1.0, {}


def fused(x: np.ndarray) -> Result:
    s, t, e, root = sigmoid(x), np.tanh(x), np.exp(-x * x), np.sqrt(1 + x * x)
    return x * s + e * t + root, {"x": s + x * s * (1 - s) + e * (1 - t * t) - 2 * x * e * t + x / root}


def logreg(x: np.ndarray, labels: np.ndarray, w: np.ndarray, b: np.ndarray) -> Result:
    loss, g = cross_entropy(x @ w + b, labels)
    return loss, {"w": x.T @ g, "b": g.sum(0)}


def mlp(x: np.ndarray, labels: np.ndarray, **p: np.ndarray) -> Result:
    h1 = np.maximum(x @ p["w1"] + p["b1"], 0)
    h2 = np.maximum(h1 @ p["w2"] + p["b2"], 0)
    loss, g3 = cross_entropy(h2 @ p["w3"] + p["b3"], labels)
    g2 = (g3 @ p["w3"].T) * (h2 > 0)
    g1 = (g2 @ p["w2"].T) * (h1 > 0)
    return loss, {"w1": x.T @ g1, "b1": g1.sum(0), "w2": h1.T @ g2, "b2": g2.sum(0), "w3": h2.T @ g3, "b3": g3.sum(0)}


def windows(x: np.ndarray, w: np.ndarray) -> list[tuple[int, int, np.ndarray]]:
    """For each element of a filter with odd sides the part of x, in a border of zeros, that it is multiplied by."""
    (a, b), (h, v) = (k // 2 for k in w.shape[:2]), x.shape[1:3]
    around = np.pad(x, ((0, 0), (a, a), (b, b), (0, 0)))
    return [(i, j, around[:, i:i + h, j:j + v]) for i in range(w.shape[0]) for j in range(w.shape[1])]


def convolved(x: np.ndarray, w: np.ndarray) -> Any:
    return sum(part @ w[i, j] for i, j, part in windows(x, w))


def convolved_back(g: np.ndarray, x: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of the gradient of `convolved` those of x, a convolution by the filter turned round, and of w."""
    dw = np.empty_like(w)
    for i, j, part in windows(x, w):
        dw[i, j] = np.tensordot(part, g, ([0, 1, 2], [0, 1, 2]))
    return convolved(g, w[::-1, ::-1].transpose(0, 1, 3, 2)), dw


def pooled(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The largest of each 2 x 2 elements, and which of the four it is."""
    n, h, v, c = x.shape
    four = x.reshape(n, h // 2, 2, v // 2, 2, c).transpose(0, 1, 3, 5, 2, 4).reshape(n, h // 2, v // 2, c, 4)
    return four.max(4), four.argmax(4)


def pooled_back(g: np.ndarray, which: np.ndarray) -> np.ndarray:
    n, h, v, c = g.shape
    four = np.where(np.arange(4) == which[..., None], g[..., None], 0).reshape(n, h, v, c, 2, 2)
    return four.transpose(0, 1, 4, 2, 5, 3).reshape(n, 2 * h, 2 * v, c)


def squares(y: np.ndarray) -> tuple[Any, np.ndarray]:
    """The mean of the squares, and its gradient."""
    return np.mean(y * y), 2 * y / y.size


def conv(x: np.ndarray, w: np.ndarray) -> Result:
    value, g = squares(convolved(x, w))
    dx, dw = convolved_back(g.astype(x.dtype), x, w)
    return value, {"x": dx, "w": dw}


def pool(x: np.ndarray) -> Result:
    y, which = pooled(x)
    value, g = squares(y)
    return value, {"x": pooled_back(g, which)}


def product(x: np.ndarray, w: np.ndarray) -> Result:
    value, g = squares(x @ w)
    return value, {"x": g @ w.T, "w": x.T @ g}


def lenet(x: np.ndarray, labels: np.ndarray, **p: np.ndarray) -> Result:
    h1 = np.maximum(convolved(x, p["k1"]) + p["c1"], 0)
    q1, which1 = pooled(h1)
    h2 = np.maximum(convolved(q1, p["k2"]) + p["c2"], 0)
    q2, which2 = pooled(h2)
    flat = q2.reshape(len(x), -1)
    h3 = np.maximum(flat @ p["w1"] + p["b1"], 0)
    loss, g4 = cross_entropy(h3 @ p["w2"] + p["b2"], labels)
    g3 = (g4 @ p["w2"].T) * (h3 > 0)
    g2 = pooled_back((g3 @ p["w1"].T).reshape(q2.shape), which2) * (h2 > 0)
    dq1, dk2 = convolved_back(g2, q1, p["k2"])
    g1 = pooled_back(dq1, which1) * (h1 > 0)
    _, dk1 = convolved_back(g1, x, p["k1"])
    return loss, {"k1": dk1, "c1": g1.sum((0, 1, 2)), "k2": dk2, "c2": g2.sum((0, 1, 2)), "w1": flat.T @ g3, "b1": g3.sum(0),
                  "w2": h3.T @ g4, "b2": g4.sum(0)}


def lstm(x: np.ndarray, labels: np.ndarray, wx: np.ndarray, wh: np.ndarray, b: np.ndarray, wo: np.ndarray,
         bo: np.ndarray) -> Result:
    """Back-propagation through time; the gates stand in the order input, forget, change, output."""
    steps, n, d = x.shape
    h = len(wh)
    zs = (x.reshape(-1, d) @ wx + b).reshape(steps, n, 4 * h)
    ys, cs = [np.zeros((n, h), x.dtype)], [np.zeros((n, h), x.dtype)]
    gates = []
    for t in range(steps):
        i, f, change, o = np.split(zs[t] + ys[-1] @ wh, 4, axis=1)
        gates.append((sigmoid(i), sigmoid(f), np.tanh(change), sigmoid(o)))
        i, f, change, o = gates[-1]
        cs.append(f * cs[-1] + i * change)
        ys.append(o * np.tanh(cs[-1]))
    loss, g = cross_entropy(ys[-1] @ wo + bo, labels)
    grads = {"wo": ys[-1].T @ g, "bo": g.sum(0), "wh": np.zeros_like(wh)}
    gy, gc = g @ wo.T, np.zeros_like(cs[0])
    gzs = np.empty_like(zs)
    for t in reversed(range(steps)):
        i, f, change, o = gates[t]
        squashed = np.tanh(cs[t + 1])
        gc = gc + gy * o * (1 - squashed**2)
        gzs[t] = np.concatenate([gc * change * i * (1 - i), gc * cs[t] * f * (1 - f), gc * i * (1 - change**2),
                                 gy * squashed * o * (1 - o)], axis=1)
        grads["wh"] += ys[t].T @ gzs[t]
        gy, gc = gzs[t] @ wh.T, gc * f
    flat = gzs.reshape(-1, 4 * h)
    return loss, grads | {"wx": x.reshape(-1, d).T @ flat, "b": flat.sum(0)}


def triangle(d: int) -> np.ndarray:
    """int[d, d]: the place of Q's entries in [diagonal, strictly lower part column by column, 0]."""
    where = np.full((d, d), d * (d + 1) // 2)
    np.fill_diagonal(where, np.arange(d))
    columns, rows = np.triu_indices(d, 1)
    where[rows, columns] = np.arange(d, d * (d + 1) // 2)
    return where


def gmm(alpha: np.ndarray, means: np.ndarray, icf: np.ndarray, x: np.ndarray) -> Result:
    """Log likelihood, up to a constant, plus |Q|^2 / 2; Q_k = diag(exp icf[k, :d]) + a strictly lower triangle."""
    (n, d), k = x.shape, len(alpha)
    columns, rows = np.triu_indices(d, 1)
    diagonal = np.exp(icf[:, :d])
    q = np.zeros((k, d, d))
    q[:, range(d), range(d)] = diagonal
    q[:, rows, columns] = icf[:, d:]
    centred = x[None] - means[:, None]                       # [k, n, d]
    y = centred @ q.transpose(0, 2, 1)
    t = alpha + icf[:, :d].sum(1) - 0.5 * (y * y).sum(2).T   # [n, k]
    lse = logsumexp(t, 1)
    share = np.exp(t - lse[:, None])
    weight = np.exp(alpha - logsumexp(alpha, 0))
    weighted = share.T[:, :, None] * y
    gq = -weighted.transpose(0, 2, 1) @ centred              # [k, d, d]
    g_diagonal = share.sum(0)[:, None] + gq[:, range(d), range(d)] * diagonal + diagonal**2
    value = lse.sum() - n * logsumexp(alpha, 0) + 0.5 * ((diagonal**2).sum() + (icf[:, d:] ** 2).sum())
    return value, {"alpha": share.sum(0) - n * weight, "means": np.squeeze(weighted.sum(1)[:, None] @ q, 1),
                   "icf": np.concatenate([g_diagonal, gq[:, rows, columns] + icf[:, d:]], axis=1)}


def normalised(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows with mean 0 and variance 1, and what they were divided by."""
    centred = x - x.mean(1, keepdims=True)
    deviation = np.sqrt((centred**2).mean(1, keepdims=True) + LEAST_VARIANCE)
    return centred / deviation, deviation


def normalised_back(g: np.ndarray, y: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """The gradient with respect to x, given that with respect to y, deviation = normalised(x)."""
    return (g - g.mean(1, keepdims=True) - y * (g * y).mean(1, keepdims=True)) / deviation


def rows(x: np.ndarray) -> Result:
    return normalised(np.tanh(x))[0], {}


def block(x: np.ndarray, batch: int, **p: np.ndarray) -> Result:
    """Attention of one head, then two dense layers with a gelu between, each behind a normalisation and added to its input."""
    size, scale = (batch, -1, x.shape[1]), x.shape[1] ** -0.5
    n1, s1 = normalised(x)
    u1 = n1 * p["gain1"] + p["bias1"]
    q, k, v = ((u1 @ p[w]).reshape(size) for w in ("wq", "wk", "wv"))
    scores = q @ k.transpose(0, 2, 1) * scale
    share = np.exp(scores - logsumexp(scores, 2)[:, :, None])
    mixed = (share @ v).reshape(x.shape)
    y = x + mixed @ p["wo"]
    n2, s2 = normalised(y)
    u2 = n2 * p["gain2"] + p["bias2"]
    z = u2 @ p["w1"] + p["b1"]
    squashed = np.tanh(GELU * (z + CUBIC * z**3))
    h = 0.5 * z * (1 + squashed)
    out = y + h @ p["w2"] + p["b2"]

    g = 2 * out / out.size
    gz = g @ p["w2"].T * 0.5 * (1 + squashed + z * (1 - squashed**2) * GELU * (1 + 3 * CUBIC * z**2))
    gu2 = gz @ p["w1"].T
    grads = {"b2": g.sum(0), "w2": h.T @ g, "b1": gz.sum(0), "w1": u2.T @ gz, "gain2": (gu2 * n2).sum(0), "bias2": gu2.sum(0)}
    gy = g + normalised_back(gu2 * p["gain2"], n2, s2)
    gmixed = (gy @ p["wo"].T).reshape(size)
    gshare = gmixed @ v.transpose(0, 2, 1)
    gscores = share * (gshare - (gshare * share).sum(2, keepdims=True)) * scale
    gq, gk, gv = (g.reshape(x.shape) for g in (gscores @ k, gscores.transpose(0, 2, 1) @ q, share.transpose(0, 2, 1) @ gmixed))
    gu1 = gq @ p["wq"].T + gk @ p["wk"].T + gv @ p["wv"].T
    return np.mean(out * out), grads | {"wo": mixed.T @ gy, "wq": u1.T @ gq, "wk": u1.T @ gk, "wv": u1.T @ gv,
                                        "gain1": (gu1 * n1).sum(0), "bias1": gu1.sum(0)}


def xor(x: np.ndarray, y: np.ndarray, w1: np.ndarray, b1: np.ndarray, w2: np.ndarray, b2: np.ndarray) -> Result:
    h = sigmoid(x @ w1 + b1)
    p = sigmoid(h @ w2 + b2)
    g2 = 2 * (p - y) * p * (1 - p) / y.size
    g1 = (g2 @ w2.T) * h * (1 - h)
    return np.mean((p - y) ** 2), {"w1": x.T @ g1, "b1": g1.sum(0), "w2": h.T @ g2, "b2": g2.sum(0)}


class Optimizer:
    """Stochastic gradient descent, or Adam (Kingma and Ba 2015, the efficient order of section 2), in place."""

    def __init__(self, kind: str, rate: float) -> None:
        self.kind, self.rate, self.step = kind, rate, 0
        self.moments: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def apply(self, params: dict[str, np.ndarray], grads: dict[str, np.ndarray]) -> None:
        self.step += 1
        rate = self.rate * (1 - 0.999**self.step) ** 0.5 / (1 - 0.9**self.step)
        for name, g in grads.items():
            if self.kind == "sgd":
                params[name] -= self.rate * g
                continue
            m, v = self.moments.setdefault(name, (np.zeros_like(g), np.zeros_like(g)))
            m += 0.1 * (g - m)
            v += 0.001 * (g * g - v)
            params[name] -= rate * m / (np.sqrt(v) + 1e-8)
