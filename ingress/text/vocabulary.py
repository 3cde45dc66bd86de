"""The languages whose written forms are read here, and their words for what a mark means.

Numbers, months, units and currencies come from CLDR by its libraries; this is what CLDR lacks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ingress.languages import COUNTRIES, iso_code

LANGUAGES = ("en", "es", "fr", "de", "it", "pt", "hi", "ja", "zh", "ko")
"""The order of every row below."""
KEEPS_DIGITS = frozenset({"ja", "zh", "ko"})
"""What a numeral is read as depends on the counter behind it, which every front end of these
languages knows; so marks become words here and plain numerals stay."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    point: str
    minus: str
    plus: str
    plus_minus: str
    times: str
    by: str
    divided: str
    equals: str
    less: str
    greater: str
    at_most: str
    at_least: str
    about: str
    to: str
    joined: str
    dot: str
    at: str
    slash: str
    dash: str
    underscore: str
    backslash: str
    colon: str
    hashtag: str
    number: str
    section: str
    ratio: str
    per: str
    times_as: str
    not_equal: str
    power: str
    root: str
    infinity: str
    integral: str
    sum: str
    squared: str
    cubed: str
    percent: str
    thousand: str
    million: str
    millions: str
    billion: str
    billions: str
    trillion: str
    trillions: str
    of: str


# fmt: off
_ROWS: dict[str, tuple[str, ...]] = {
    "point": ("point", "coma", "virgule", "Komma", "virgola", "vírgula", "दशमलव", "点", "点", "점"),
    "minus": ("minus", "menos", "moins", "minus", "meno", "menos", "माइनस", "マイナス",
              "负", "마이너스"),
    "plus": ("plus", "más", "plus", "plus", "più", "mais", "प्लस", "プラス", "加", "더하기"),
    "plus_minus": ("plus or minus", "más o menos", "plus ou moins", "plus minus", "più o meno",
                   "mais ou menos", "प्लस माइनस", "プラスマイナス", "正负", "플러스 마이너스"),
    "times": ("times", "por", "fois", "mal", "per", "vezes", "गुणा", "かける", "乘", "곱하기"),
    "by": ("by", "por", "sur", "mal", "per", "por", "गुणा", "かける", "乘", "곱하기"),
    "divided": ("divided by", "entre", "divisé par", "geteilt durch", "diviso", "dividido por",
                "भाग", "割る", "除以", "나누기"),
    "equals": ("equals", "es igual a", "égale", "gleich", "uguale", "é igual a", "बराबर",
               "イコール", "等于", "는"),
    "less": ("is less than", "es menor que", "est inférieur à", "kleiner als", "minore di",
             "é menor que", "से कम", "小なり", "小于", "작다"),
    "greater": ("is greater than", "es mayor que", "est supérieur à", "größer als", "maggiore di",
                "é maior que", "से ज़्यादा", "大なり", "大于", "크다"),
    "at_most": ("is at most", "es como máximo", "est au plus", "höchstens", "al massimo",
                "é no máximo", "अधिक से अधिक", "以下", "至多", "이하"),
    "at_least": ("is at least", "es al menos", "est au moins", "mindestens", "almeno",
                 "é pelo menos", "कम से कम", "以上", "至少", "이상"),
    "about": ("about", "unos", "environ", "etwa", "circa", "cerca de", "लगभग", "約", "大约", "약"),
    "to": ("to", "a", "à", "bis", "a", "a", "से", "から", "到", "에서"),
    "joined": ("and", "y", "et", "und", "e", "e", "और", "と", "和", "와"),
    "dot": ("dot", "punto", "point", "Punkt", "punto", "ponto", "डॉट", "ドット", "点", "점"),
    "at": ("at", "arroba", "arobase", "ät", "chiocciola", "arroba", "ऐट", "アット",
           "艾特", "골뱅이"),
    "slash": ("slash", "barra", "slash", "Schrägstrich", "barra", "barra", "स्लैश", "スラッシュ",
              "斜杠", "슬래시"),
    "dash": ("dash", "guion", "tiret", "Bindestrich", "trattino", "hífen", "डैश", "ハイフン",
             "横杠", "대시"),
    "underscore": ("underscore", "guion bajo", "tiret bas", "Unterstrich", "trattino basso",
                   "sublinhado", "अंडरस्कोर", "アンダーバー", "下划线", "밑줄"),
    "backslash": ("backslash", "barra invertida", "antislash", "Backslash", "barra rovesciata",
                  "barra invertida", "बैकस्लैश", "バックスラッシュ", "反斜杠", "역슬래시"),
    "root": ("the square root of", "raíz de", "racine de", "Wurzel aus", "radice di", "raiz de",
             "वर्गमूल", "ルート", "根号", "루트"),
    "infinity": ("infinity", "infinito", "l'infini", "unendlich", "infinito", "infinito", "अनंत",
                 "無限大", "无穷大", "무한대"),
    "integral": ("the integral", "integral", "intégrale", "Integral", "integrale", "integral",
                 "समाकल", "積分", "积分", "적분"),
    "sum": ("the sum", "suma", "somme", "Summe", "somma", "soma", "योग", "総和", "求和", "합"),
    "colon": ("colon", "dos puntos", "deux points", "Doppelpunkt", "due punti", "dois pontos",
              "कोलन", "コロン", "冒号", "콜론"),
    "hashtag": ("hashtag", "hashtag", "hashtag", "Hashtag", "hashtag", "hashtag", "हैशटैग",
                "ハッシュタグ", "话题", "해시태그"),
    "number": ("number", "número", "numéro", "Nummer", "numero", "número", "नंबर", "ナンバー",
               "第", "넘버"),
    "section": ("section", "artículo", "paragraphe", "Paragraf", "paragrafo", "parágrafo", "धारा",
                "セクション", "第", "조항"),
    "ratio": ("to", "a", "à", "zu", "a", "a", "अनुपात", "対", "比", "대"),
    "per": ("per", "por", "par", "pro", "per", "por", "प्रति", "毎", "每", "당"),
    "times_as": ("times", "veces", "fois", "mal", "volte", "vezes", "गुना", "倍", "倍", "배"),
    "not_equal": ("is not equal to", "no es igual a", "n'est pas égal à", "ungleich", "diverso da",
                  "é diferente de", "बराबर नहीं", "ノットイコール", "不等于", "같지 않다"),
    "power": ("{} to the power of {}", "{} elevado a {}", "{} puissance {}", "{} hoch {}",
              "{} alla {}", "{} elevado a {}", "{} की घात {}", "{}の{}乗", "{}的{}次方",
              "{}의 {}승"),
    "squared": ("squared", "al cuadrado", "au carré", "hoch zwei", "al quadrato", "ao quadrado",
                "का वर्ग", "の2乗", "的平方", "의 제곱"),
    "cubed": ("cubed", "al cubo", "au cube", "hoch drei", "al cubo", "ao cubo", "का घन", "の3乗",
              "的立方", "의 세제곱"),
    "percent": ("{} percent", "{} por ciento", "{} pour cent", "{} Prozent", "{} per cento",
                "{} por cento", "{} प्रतिशत", "{}パーセント", "百分之{}", "{}퍼센트"),
    "thousand": ("thousand", "mil", "mille", "tausend", "mila", "mil", "हज़ार", "千", "千", "천"),
    "million": ("million", "millón", "million", "Million", "milione", "milhão", "मिलियन", "百万",
                "百万", "백만"),
    "millions": ("million", "millones", "millions", "Millionen", "milioni", "milhões", "मिलियन",
                 "百万", "百万", "백만"),
    "billion": ("billion", "mil millones", "milliard", "Milliarde", "miliardo", "bilhão", "अरब",
                "十億", "十亿", "십억"),
    "billions": ("billion", "mil millones", "milliards", "Milliarden", "miliardi", "bilhões",
                 "अरब", "十億", "十亿", "십억"),
    "trillion": ("trillion", "billón", "billion", "Billion", "bilione", "trilhão", "खरब", "兆",
                 "万亿", "조"),
    "trillions": ("trillion", "billones", "billions", "Billionen", "bilioni", "trilhões", "खरब",
                  "兆", "万亿", "조"),
    "of": ("", "de ", "de ", "", "di ", "de ", "", "", "", ""),
}
# fmt: on
VOCABULARIES = {
    language: Vocabulary(**{name: row[column] for name, row in _ROWS.items()})
    for column, language in enumerate(LANGUAGES)
}

_SCRIPTS = (
    (re.compile(r"[\u3040-\u30ff]"), "ja"),
    (re.compile(r"[\uac00-\ud7af\u1100-\u11ff]"), "ko"),
    (re.compile(r"[\u4e00-\u9fff]"), "zh"),
    (re.compile(r"[\u0900-\u097f]"), "hi"),
    (re.compile(r"[\u0370-\u08ff\u0980-\u10ff]"), ""),
)
"""Letters that only one of our languages has, or none."""
_COMMON_WORDS = {
    "en": "the and of to is in that it you for with was are this have",
    "es": "el la los las que y es en por con para una está pero como más",
    "fr": "le la les des et est dans que pour une vous nous avec sur pas",
    "de": "der die das und ist nicht mit ein eine zu den von auf für wir",
    "it": "il la gli che di è per una con sono non del della questo anche",
    "pt": "o os as que e é em por com para uma não do da você mais",
}
_GUESSED_CHARS = 400
_WORD = re.compile(r"[^\W\d_]{1,32}")


@dataclass(frozen=True, slots=True)
class Locale:
    """A language of LANGUAGES, or one whose written forms stay as they are."""

    language: str
    region: str = ""

    @property
    def words(self) -> Vocabulary:
        return VOCABULARIES[self.language]

    @property
    def is_read(self) -> bool:
        return self.language in VOCABULARIES

    @property
    def keeps_digits(self) -> bool:
        return self.language in KEEPS_DIGITS

    @property
    def writes_comma(self) -> bool:
        """Before decimals, where others write a point."""
        return self.language in ("es", "fr", "de", "it", "pt")

    def numeric_order(self) -> str:
        """Of day, month and year where a date is written with strokes."""
        if self.keeps_digits:
            return "ymd"
        return "mdy" if self.language == "en" and self.region in ("", "US") else "dmy"


def locale_of(language: str | None, text: str) -> Locale:
    """The language that was asked for, in a model's spelling (EN-US, JP, pt-BR); else a guess."""
    if not language:
        return Locale(_guess(text[:_GUESSED_CHARS]))
    first, *others = re.split(r"[-_]", language)
    code = COUNTRIES.get(first.lower(), first.lower())
    if code not in VOCABULARIES:
        code = iso_code(language) or code
    region = others[0].upper() if others and len(others[0]) == 2 else ""
    return Locale(code, region)


def _guess(text: str) -> str:
    """By script, else by the commonest words; English where nothing speaks for another."""
    for letters, language in _SCRIPTS:
        if letters.search(text):
            return language
    words = [word.lower() for word in _WORD.findall(text)]
    return max(_COMMON_WORDS, key=lambda language: _hits(words, language))


def _hits(words: Iterable[str], language: str) -> int:
    common = _COMMON_WORDS[language].split()
    return sum(word in common for word in words)
