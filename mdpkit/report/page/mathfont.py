"""Mathematics font of a page: the needed glyphs of STIX with a MATH table, independent of installed fonts.

Without such a table browsers set indices nearly on the baseline, and brackets do not stretch. STIX comes with
matplotlib; the constants are close to those of TeX's cmsy10 and cmex10, in thousandths of an em.
"""

import re
import unicodedata
from base64 import b64encode
from copy import deepcopy
from html import unescape
from io import BytesIO
from pathlib import Path

NAME = "mdpkit math"
LARGER = ("STIXSizOneSymReg", "STIXSizTwoSymReg", "STIXSizThreeSymReg", "STIXSizFourSymReg")
STRETCHED = "()[]{}|‖√∑∏∫⟨⟩⌈⌉⌊⌋"
REPEATED = "|‖"
ROOT, SUMS, PRIMES = "√", "∑∏∫", "\N{PRIME}\N{DOUBLE PRIME}\N{TRIPLE PRIME}"
ROOTS = [0.5 * 1.14**k for k in range(14)]
"""Heights of roots relative to the font's own: a browser lowers a root by its excess height."""
OVERHANG = 0.06
"""Allowed overhang of an italic letter, in em: browsers apply no italic correction."""

CONSTANTS = {
    "ScriptPercentScaleDown": 70,
    "ScriptScriptPercentScaleDown": 55,
    "DelimitedSubFormulaMinHeight": 1300,
    "DisplayOperatorMinHeight": 1200,
    "MathLeading": 150,
    "AxisHeight": 250,
    "AccentBaseHeight": 450,
    "FlattenedAccentBaseHeight": 660,
    "SubscriptShiftDown": 210,
    "SubscriptTopMax": 344,
    "SubscriptBaselineDropMin": 50,
    "SuperscriptShiftUp": 363,
    "SuperscriptShiftUpCramped": 289,
    "SuperscriptBottomMin": 108,
    "SuperscriptBaselineDropMax": 386,
    "SubSuperscriptGapMin": 160,
    "SuperscriptBottomMaxWithSubscript": 344,
    "SpaceAfterScript": 40,
    "UpperLimitGapMin": 111,
    "UpperLimitBaselineRiseMin": 200,
    "LowerLimitGapMin": 167,
    "LowerLimitBaselineDropMin": 600,
    "StackTopShiftUp": 444,
    "StackTopDisplayStyleShiftUp": 677,
    "StackBottomShiftDown": 345,
    "StackBottomDisplayStyleShiftDown": 686,
    "StackGapMin": 120,
    "StackDisplayStyleGapMin": 280,
    "StretchStackTopShiftUp": 200,
    "StretchStackBottomShiftDown": 600,
    "StretchStackGapAboveMin": 111,
    "StretchStackGapBelowMin": 167,
    "FractionNumeratorShiftUp": 394,
    "FractionNumeratorDisplayStyleShiftUp": 677,
    "FractionDenominatorShiftDown": 345,
    "FractionDenominatorDisplayStyleShiftDown": 686,
    "FractionNumeratorGapMin": 40,
    "FractionNumDisplayStyleGapMin": 120,
    "FractionRuleThickness": 40,
    "FractionDenominatorGapMin": 40,
    "FractionDenomDisplayStyleGapMin": 120,
    "SkewedFractionHorizontalGap": 300,
    "SkewedFractionVerticalGap": 60,
    "OverbarVerticalGap": 120,
    "OverbarRuleThickness": 40,
    "OverbarExtraAscender": 40,
    "UnderbarVerticalGap": 120,
    "UnderbarRuleThickness": 40,
    "UnderbarExtraDescender": 40,
    "RadicalVerticalGap": 50,
    "RadicalDisplayStyleVerticalGap": 148,
    "RadicalRuleThickness": 40,
    "RadicalExtraAscender": 40,
    "RadicalKernBeforeDegree": 278,
    "RadicalKernAfterDegree": -556,
    "RadicalDegreeBottomRaisePercent": 60,
}


def math_font(page: str) -> str:
    """The font for the formulas of a page, as a `data:` URL; deterministic."""
    from fontTools.otlLib.builder import buildMathTable
    from matplotlib import get_data_path

    folder = Path(get_data_path()) / "fonts" / "ttf"
    formulas = "".join(re.findall(r"<math.*?</math>", page, re.DOTALL))
    needed = set(unescape(re.sub(r"<[^>]*>", "", formulas))) | set(STRETCHED)
    font = _subset(folder / "STIXGeneral.ttf", needed)
    _fit_letters(font)
    variants = {
        glyph: [(glyph, _height(font, glyph))] for glyph in map(font.getBestCmap().get, map(ord, STRETCHED)) if glyph
    }
    for k, name in enumerate(LARGER, start=1):
        _take_larger(font, _subset(folder / f"{name}.ttf", set(STRETCHED) - {ROOT}), k, variants)
    _make_roots(font, variants)
    extended = {glyph for forms in variants.values() for glyph, _ in forms[1:]}
    # browsers drop a table that has no information on glyphs
    buildMathTable(
        font,
        constants=CONSTANTS,
        extendedShapes=extended,
        vertGlyphVariants=variants,
        vertGlyphAssembly={
            glyph: _repeat(glyph, variants[glyph][0][1]) for glyph in map(font.getBestCmap().get, map(ord, REPEATED))
        },
        minConnectorOverlap=20,
    )
    for record in font["name"].names:
        record.string = NAME
    font.flavor = "woff"
    content = BytesIO()
    font.save(content)
    return b64encode(content.getvalue()).decode()


def _subset(path, characters):
    """Subset of the font with the given characters and the italic letters that formulas show for upright ones."""
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    font = TTFont(path, recalcTimestamp=False)
    codes = {
        code
        for code in font.getBestCmap()
        if unicodedata.normalize("NFKC", chr(code)) in characters and _plain_or_italic(code)
    }
    cutter = Subsetter(
        Options(layout_features=[], hinting=False, notdef_outline=True, name_IDs=[1, 2, 4, 6], drop_tables=["FFTM"])
    )
    cutter.populate(unicodes=codes | set(map(ord, characters)))
    cutter.subset(font)
    return font


def _plain_or_italic(code):
    return code == 0x210E or unicodedata.name(chr(code), "").startswith("MATHEMATICAL ITALIC")


def _fit_letters(font):
    """Widen letters by their overhang, and lower primes, which are raised already, to index height."""
    for code, glyph in font.getBestCmap().items():
        shape, (width, left) = font["glyf"][glyph], font["hmtx"][glyph]
        if chr(code) in PRIMES:
            _reshape(font, glyph, 1.45, 1.45, -shape.yMin)
        elif _plain_or_italic(code):
            font["hmtx"][glyph] = max(width, shape.xMax - round(OVERHANG * font["head"].unitsPerEm)), left


def _make_roots(font, variants):
    """Roots of several heights and one width, since browsers reserve the widest."""
    glyph = font.getBestCmap()[ord(ROOT)]
    names = [glyph, *(f"{glyph}.size{k}" for k in range(1, len(ROOTS)))]
    for name, height in reversed(list(zip(names, ROOTS, strict=True))):
        font["glyf"][name], font["hmtx"][name] = deepcopy(font["glyf"][glyph]), font["hmtx"][glyph]
        _reshape(font, name, 0.75, height)
    variants[glyph] = [(name, _height(font, name)) for name in names]


def _reshape(font, glyph, across, up, raised=0):
    """Raise a glyph by some units and stretch it."""
    shape, (width, left) = font["glyf"][glyph], font["hmtx"][glyph]
    shape.coordinates.translate((0, raised))
    shape.coordinates.scale((across, up))
    shape.coordinates.toInt()
    shape.recalcBounds(font["glyf"])
    font["hmtx"][glyph] = round(width * across), round(left * across)


def _take_larger(font, larger, size, variants):
    """Add larger variants of brackets and signs and record their heights; brackets stay as narrow as the first."""
    glyphs, names = larger["glyf"], larger.getBestCmap()
    for code, glyph in sorted(font.getBestCmap().items()):
        if chr(code) in STRETCHED and code in names and _height(larger, names[code]) > variants[glyph][-1][1]:
            added = f"{glyph}.size{size}"
            font["glyf"][added] = glyphs[names[code]]
            font["hmtx"][added] = larger["hmtx"][names[code]]
            variants[glyph].append((added, _height(larger, names[code])))
            if chr(code) not in SUMS:
                _reshape(font, added, font["hmtx"][variants[glyph][1][0]][0] / font["hmtx"][added][0], 1)


def _repeat(glyph, height):
    """A bar of any length, assembled from overlapping copies of the glyph."""
    joint = height // 2
    return [(glyph, 0, 0, joint, height), (glyph, 1, joint, joint, height)], 0


def _height(font, glyph):
    shape = font["glyf"][glyph]
    return shape.yMax - shape.yMin
