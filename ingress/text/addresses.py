"""What points somewhere, read aloud: web and mail addresses, files, telephone numbers, tags."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv6Address

from ingress.text.numbers import digit_by_digit, digit_groups
from ingress.text.vocabulary import Locale

_ENDINGS = (
    *("com", "org", "net", "edu", "gov", "mil", "int", "info", "biz", "io", "ai", "dev", "app"),
    *("co", "tv", "fm", "gg", "ly", "sh", "xyz", "cloud", "tech", "shop", "site", "online", "blog"),
    *("eu", "uk", "de", "fr", "es", "pt", "br", "ch", "nl", "pl", "ru", "se", "dk", "fi", "cz"),
    *("jp", "cn", "kr", "tw", "hk", "sg", "au", "nz", "ca", "mx", "ar", "cl", "za", "ie", "gr"),
    *("py", "js", "ts", "tsx", "rs", "cpp", "java", "rb", "php", "sql", "css", "html", "htm"),
    *("json", "xml", "yml", "yaml", "toml", "ini", "cfg", "md", "txt", "csv", "log", "pdf", "doc"),
    *("docx", "xls", "xlsx", "ppt", "pptx", "zip", "gz", "tar", "exe", "dll", "png", "jpg", "jpeg"),
    *("gif", "svg", "mp3", "mp4", "wav", "flac", "ogg", "onnx", "ipynb", "conf", "env", "lock"),
)
"""Domains and files that are no words: "it", "in" and "is" need a scheme, www or a path."""
_LABEL = r"[\w-]{1,63}"
_PATH = r"(?:/[\w~%+@=-]{0,64}(?:[.:,][\w~%+@=-]{1,64}){0,2}){0,8}"
_EMAIL = re.compile(
    rf"(?<![\w.+-])(?:mailto:)?([\w+-]{{1,64}}(?:\.[\w+-]{{1,64}}){{0,4}}"
    rf"@{_LABEL}(?:\.{_LABEL}){{1,6}})(?![\w@])"
)
_ADDRESS = re.compile(
    rf"(?<![\w@./-])(?:"
    rf"[a-z]{{2,8}}://(?:www\.)?({_LABEL}(?:\.{_LABEL}){{0,6}}(?::\d{{1,5}})?{_PATH})"
    rf"(?:[?#][^\s<>]{{0,500}}[^\s<>.,;:!?)])?"
    rf"|(?:www\.)({_LABEL}(?:\.{_LABEL}){{1,6}}{_PATH})"
    rf"|(localhost:\d{{1,5}}{_PATH})"
    rf"|({_LABEL}(?:\.{_LABEL}){{0,6}}\.(?:{'|'.join(_ENDINGS)})(?::\d{{1,5}})?{_PATH})"
    rf")(?![\w@])",
    re.IGNORECASE,
)
_IP = re.compile(r"(?<![\w.])(\d{1,3}(?:\.\d{1,3}){3})(?::(\d{1,5})|/(\d{1,2}))?(?![\w.]{0,1}\d)")
_IPV6 = re.compile(r"(?<![\w:.])(?=[0-9a-fA-F:]{0,39}[0-9])[0-9a-fA-F:]{3,39}(?![\w:])")
_PATH_OF_FILE = re.compile(
    r"(?<![\w/.~:])(?:~|\.{1,2})?(?:/[\w.+-]{1,64}){2,16}/?(?<![.,])"
    r"|(?<![\w\\])[A-Za-z]:(?:\\[\w.+-]{1,64}){1,16}(?<![.,])"
)
_DOT_NAME = re.compile(r"(?<![^\s(\[\"'“])\.(?=(?:[a-z]{2,12}|NET)\b)")
""".env, .gitignore, .NET"""
_VANITY = re.compile(r"(?<![\w-])1-([89]\d\d)-(?=[A-Z]{2})")
"""1-800-FLOWERS"""
_LONE_BACKSLASH = re.compile(r"(?<=[\w:])\\(?=\w)")
"""Of a path with spaces, which ends nowhere for certain."""
_LONE_AT = re.compile(r"(?<=\w )@(?= \w)|(?<=\w\. )@(?= \w)")
_HASHTAG = re.compile(r"(?<![\w&#/])#(\d{0,8}[^\W\d]\w{0,63})")
_MENTION = re.compile(r"(?<![\w@.])@([^\W\d]\w{0,63})(?![\w@.]{0,1}\w)")
_HUMPS = re.compile(r"(?<=[a-z\d])(?=[A-Z])|_")
_DIALLED = re.compile(
    r"(?<![\w+(.,/-])(?:\+\d{1,4}(?:[ ./-]?\(?\d{1,5}\)?){1,7}"
    r"|\(\d{2,5}\)[ ]?\d{2,4}(?:[ -]\d{2,5}){1,3}"
    r"|0\d{2,4}(?: \d{3,7}){1,3}"
    r"|(?:\d-)?\d{3}[.-]\d{3}[.-]\d{4}|\d{3}-\d{4})(?![\w-]|[.,/]\d)"
)
_FEWEST_DIGITS = 7
_COUNTRIES = {
    **{"en": "US", "es": "ES", "fr": "FR", "de": "DE", "it": "IT", "pt": "BR", "hi": "IN"},
    **{"ja": "JP", "zh": "CN", "ko": "KR"},
}
"""Whose national numbers are looked for where the language names no region."""


_LONE_AT_WORDS = {"es": "en", "fr": "à", "de": "bei", "it": "da", "pt": "em"}
"""7 pm @ Joe's is a place and no address."""


def read_addresses(text: str, locale: Locale) -> str:
    """joe@example.com -> joe at example dot com; also files, IP addresses, #tags and @mentions."""
    text = _EMAIL.sub(lambda found: _spell_address(found[1], locale), text)
    text = _ADDRESS.sub(
        lambda found: _spell_address(next(filter(None, found.groups())), locale), text
    )
    text = _PATH_OF_FILE.sub(lambda found: _spell_address(found[0], locale), text)
    text = _LONE_BACKSLASH.sub(f" {locale.words.backslash} ", text)
    text = _DOT_NAME.sub(f"{locale.words.dot} ", text)
    text = _IP.sub(lambda found: _ip(found, locale), text)
    text = _IPV6.sub(lambda found: _ipv6(found[0], locale), text)
    if locale.language == "en":
        text = _VANITY.sub(r"1 \1 ", text)
    text = _HASHTAG.sub(lambda found: f"{locale.words.hashtag} {_HUMPS.sub(' ', found[1])}", text)
    text = _LONE_AT.sub(_LONE_AT_WORDS.get(locale.language, locale.words.at), text)
    return _MENTION.sub(lambda found: f"{locale.words.at} {found[1].replace('_', ' ')}", text)


def _spell_address(address: str, locale: Locale) -> str:
    words = locale.words
    signs = {
        **{".": words.dot, "@": words.at, "/": words.slash, "-": words.dash, "=": words.equals},
        **{
            "\\": words.backslash,
            "_": words.underscore,
            ":": words.colon,
            "+": words.plus,
            "%": " ",
            "~": " ",
            ",": " ",
        },
    }
    spelled = "".join(f" {signs[one]} " if one in signs else one for one in address.rstrip("/"))
    return " ".join(spelled.split())


def _ip(found: re.Match[str], locale: Locale) -> str:
    groups = found[1].split(".")
    if any(int(group) > 255 for group in groups):
        return found[0]
    spelled = f" {locale.words.dot} ".join(digit_by_digit(group, locale) for group in groups)
    port = f" {locale.words.colon} {digit_by_digit(found[2], locale)}" if found[2] else ""
    prefix = f" {locale.words.slash} {found[3]}" if found[3] else ""
    return spelled + port + prefix


def _ipv6(address: str, locale: Locale) -> str:
    """Every digit and letter by its name; a colon for what has been left out, as people say it."""
    try:
        IPv6Address(address)
    except AddressValueError:
        return address
    colon = f" {locale.words.colon} "
    groups = (
        " ".join(digit_by_digit(one, locale) if one.isdecimal() else one.upper() for one in group)
        for group in address.split(":")
    )
    return " ".join(colon.join(groups).split())


def read_dialled_numbers(text: str, locale: Locale) -> str:
    """What is written as telephone numbers alone are: +1 555 0100, (415) 555 0132."""
    return _DIALLED.sub(lambda found: _dialled(found[0], locale), text)


def _dialled(number: str, locale: Locale) -> str:
    """+1.25 is a change of a price."""
    digits = sum(one.isdecimal() for one in number)
    return _phone(number, locale) if digits >= _FEWEST_DIGITS else number


def read_phone_numbers(text: str, locale: Locale) -> str:
    """Valid numbers of the own country, digit by digit with a comma at every gap."""
    if sum(one.isdecimal() for one in text) < _FEWEST_DIGITS:
        return text
    from phonenumbers import PhoneNumberFormat, PhoneNumberMatcher, format_number

    parts, end = list[str](), 0
    for found in PhoneNumberMatcher(text, locale.region or _COUNTRIES.get(locale.language)):
        number = found.raw_string
        if number.isdecimal():  # grouped as its country does
            number = format_number(found.number, PhoneNumberFormat.NATIONAL)
        parts += [text[end : found.start], _phone(number, locale)]
        end = found.end
    return "".join([*parts, text[end:]])


def _phone(number: str, locale: Locale) -> str:
    plus = f"{locale.words.plus} " if number.startswith("+") else ""
    return plus + digit_groups(number, locale)
