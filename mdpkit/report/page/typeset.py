"""Plain-text formulas as HTML: signs, Greek letters, indices and exponents; other characters are escaped."""

# ruff: noqa: RUF001 -- signs that look like others are what this file is about
import re

from markupsafe import Markup, escape

SIGNS = {
    "<=>": "⇔",
    "<=": "≤",
    ">=": "≥",
    "!=": "≠",
    "=>": "⇒",
    "->": "→",
    "||": "∥",
    "..": "…",
    "~": "∼",
    " - ": " − ",
    "(-": "(−",
    "[-": "[−",
    " o ": " ∘ ",
    " * ": " · ",
}
GREEK = dict(
    zip(
        "alpha beta gamma delta eps epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau phi chi psi omega".split(),
        "α β γ δ ε ε ζ η θ ι κ λ μ ν ξ π ρ σ τ φ χ ψ ω".split(),
        strict=True,
    )
)
GREEK |= {"Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Pi": "Π", "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω"}
ARTICLES = ("a", "A", "I")

TOKEN = re.compile(
    r"""
    (?P<name>\b(?:[a-z][a-z0-9]*(?:_[a-z0-9]+){3,}|[a-z]{4,}(?:_[a-z]{2,})+)\b(?:\.\w+)?|\b\w+/[\w/.]*\.\w+)  # of a claim, a file
  | (?P<sign><=>|<=|>=|!=|=>|->|\|\||\.\.|~|\ -\ |[(\[]-|\ o\ |\ \*\ )
  | (?P<minus>(?<=[\d)\]])-(?=(?:[A-Za-z]|\d+|eps|gamma)(?![A-Za-z])|\()|(?<=\b[A-Za-z])-(?=\d|\(|[A-Za-z](?![A-Za-z])))
  | (?P<gap>\ {2,})
  | (?P<down>_)(?:\{(?P<braced>(?:[^{}]|\{[^{}]*\})*)\}|(?P<bare>[A-Za-z]+(?:-[a-z]+)*|\d+))
  | (?P<up>\^)(?:\{(?P<raised>(?:[^{}]|\{[^{}]*\})*)\}|\((?P<round>(?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\)|(?P<power>-?[A-Za-z0-9]+\*?|[+]))
  | (?P<mark>(?<=[A-Za-z])\*|(?<=[A-Z])-(?=[_\s]))
  | (?P<prime>(?<=[A-Za-z*])'(?![a-z]))
  | (?P<square>\bchi2\b)
  | (?P<word>[A-Za-z]+(?:'[a-z]+)?)
  | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)


def typeset(text: str, link=lambda name: None) -> Markup:
    """Typeset a line of prose and formulas.

    Args: link: function from a name with underscores, or a file, to its address or None.

    >>> print(typeset("J(pi*) - J(pi) <= sum_t e^(r/beta)"))
    <i>J</i>(π<sup>∗</sup>) − <i>J</i>(π) ≤ ∑<sub><i>t</i></sub> <i>e</i><sup><i>r</i>/β</sup>
    >>> print(typeset("d_t^E"))
    <i>d</i><span class="scripts"><sup><i>E</i></sup><sub><i>t</i></sub></span>
    >>> print(typeset("a <b> & a_b"))
    <i>a</i> &lt;<i>b</i>&gt; &amp; <i>a</i><sub><i>b</i></sub>
    """
    pieces, tokens, k = [], list(TOKEN.finditer(text)), 0
    while k < len(tokens):
        token = tokens[k]
        k += 1
        if token["down"] or token["up"]:
            other = tokens[k] if k < len(tokens) and tokens[k]["up" if token["down"] else "down"] else None
            k += other is not None
            pieces.append(_scripts(token, other, link))
        else:
            pieces.append(_piece(token, text, link))
    return Markup("").join(pieces)


def _scripts(token, other, link):
    found = sorted((_script(each, link) for each in (token, other) if each), reverse=True)
    scripts = Markup("").join(Markup("<{0}>{1}</{0}>").format(Markup(tag), inner) for tag, inner in found)
    return scripts if other is None else Markup('<span class="scripts">{}</span>').format(scripts)


def _script(token, link):
    inner = next(token[group] for group in ("braced", "bare", "raised", "round", "power") if token[group] is not None)
    if re.fullmatch("[a-z]{2}", inner) and inner not in GREEK:
        return "sub" if token["down"] else "sup", Markup("<i>{}</i>").format(inner)
    inner = re.sub(r"(?<= )in(?= )", "∈", inner) if token["braced"] or token["raised"] else inner
    return ("sub" if token["down"] else "sup"), typeset(re.sub(r"^-", "−", inner), link)


def _piece(token, text, link):
    if token["name"]:
        words, address = Markup("<code>{}</code>").format(token["name"]), link(token["name"])
        return words if address is None else Markup('<a href="{}">{}</a>').format(address, words)
    if token["sign"]:
        return escape(SIGNS[token["sign"]])
    if token["minus"]:
        return Markup("−")
    if token["gap"]:
        return Markup("&emsp;")
    if token["mark"]:
        return Markup("<sup>{}</sup>").format({"*": "∗", "-": "−"}[token["mark"]])
    if token["square"]:
        return Markup("χ<sup>2</sup>")
    if token["prime"]:
        before = re.search("[A-Za-z]*$", text[: token.start()])[0]
        return escape("'") if len(before) > 1 and before not in GREEK else Markup("′")
    if token["word"]:
        return _word(token["word"], text[token.end() :])
    return escape(token["other"])


def _word(word, after):
    if word in GREEK:
        return escape(GREEK[word])
    if word == "sum" and after.startswith("_"):
        return Markup("∑")
    if word == "sqrt" and after.startswith("("):
        return Markup("√")
    article = word in ARTICLES and re.match(r" [A-Za-z(]?[a-z]", after)
    return Markup("<i>{}</i>").format(word) if len(word) == 1 and not article else escape(word)
