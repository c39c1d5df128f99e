"""Functions as other languages and libraries call them, and what they are here."""

from __future__ import annotations

# With one argument; `{0}` is it.
ELSEWHERE = {
    "abs": "max({0}, -({0}))",
    "round": "floor({0} + 0.5)",
    "ceil": "-floor(-({0}))",
    **dict.fromkeys(("int", "int32", "int64", "to_int", "toInt", "as_int", "parseInt", "Int", "uint"), "floor({0})"),
    **dict.fromkeys(("float", "float32", "float64", "to_float", "double", "detach", "stop_gradient", "normalize"), "{0}"),
    **dict.fromkeys(("sigmoid", "expit", "logistic"), "(1 / (1 + exp(-({0}))))"),
    "logit": "log({0} / (1 - ({0})))",
    "relu": "max({0}, 0)",
    "log1p": "log(1 + {0})",
    "expm1": "(exp({0}) - 1)",
    "exp2": "exp(({0}) * log(2))",
    "bool": "({0} > 0)",
    "square": "({0} * {0})",
    "ln": "log({0})",
    "log2": "(log({0}) / log(2))",
    "log10": "(log({0}) / log(10))",
    "not": "not ({0})",
    "prod": "path({0})",
    "product": "path({0})",
    "cumprod": "path({0})",
}
LIBRARIES = ("scipy", "cp", "math", "np", "numpy", "torch", "tf", "jnp", "statistics", "Math", "std", "F", "torch.nn.functional")
LISTS = ("c", "list", "tuple", "array", "vector", "seq", "listOf", "arrayOf", "Array", "np.array", "torch.tensor")
SHAPING = ("dim", "axis", "keepdim", "keepdims", "dtype", "out")  # arguments that nothing has here
# Another name of a function of the language.
RENAMED = {
    "maximum": "max",
    "minimum": "min",
    "clamp": "clip",
    "moving": "ema",
    "ewma": "ema",
    "trunc": "floor",
    "int": "floor",
    "lag": "previous",
    "ewm": "ema",
    "prod": "path",
    "product": "path",
    "cumprod": "path",
    "steps": "ladder",
    "stairs": "ladder",
    "levels": "ladder",
    "moving_average": "ema",
    "smooth": "ema",
    "calibrate": "calibrated",
    "predict": "forecast",
    "expected": "forecast",
    "next": "forecast",
    "future": "forecast",
    "lookahead": "forecast",
    "last": "previous",
    "before": "previous",
    "gain": "marginal",
    "prev": "previous",
    "delta": "marginal",
    "lookup": "table",
    "switch": "table",
    "map": "table",
    "bandit": "ucb",
}
CONDITIONALS = ("if", "ifelse", "if_else", "iif", "where", "select", "cond", "choose", "case", "when", "ite", "mux")
CHANCES = ("P", "Pr", "Prob", "E", "EE")  # how papers write a chance or an expectation
GROWTH = ("delta", "diff", "difference", "gain", "change", "increase", "improvement", "growth")
AVERAGES = (
    "mean",
    "avg",
    "average",
    "moving_average",
    "rolling_mean",
    "rolling",
    "sma",
    "ewma",
    "smooth",
)  # of n steps
COUNTING = ("len", "length", "size", "count", "num", "number", "sum")
# Another name of an aggregate.
AGGREGATED = {
    "avg": "mean",
    "add": "sum",
    "average": "mean",
    "len": "count",
    "any": "max",
    "all": "min",
    "total": "sum",
    "median": "mean",
}
