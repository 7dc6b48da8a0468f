"""Dates in many spellings, and as ISO writes them: "the 3rd of march, 2019" → "2019-03-03"."""

import datetime
import random


def words(text: str) -> list[str]:
    """Returns the words of a text."""
    return text.split()


ENGLISH = words("january february march april may june july august september october november december")
GERMAN = words("januar februar märz april mai juni juli august september oktober november dezember")
FRENCH = words("janvier février mars avril mai juin juillet août septembre octobre novembre décembre")
SPANISH = words("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre")
ROMAN = words("i ii iii iv v vi vii viii ix x xi xii")
WEEKDAYS = words("monday tuesday wednesday thursday friday saturday sunday")
ORDINALS = words(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
    "sixteenth seventeenth eighteenth nineteenth twentieth twenty-first twenty-second twenty-third twenty-fourth "
    "twenty-fifth twenty-sixth twenty-seventh twenty-eighth twenty-ninth thirtieth thirty-first"
)

IN_NUMBERS = (
    "{y}-{mm}-{dd}", "{y}/{mm}/{dd}", "{y}.{mm}.{dd}", "{y}{mm}{dd}", "{dd}.{mm}.{y}", "{d}.{m}.{y}", "{d}. {m}. {y}",
    "{mm}/{dd}/{y}", "{m}/{d}/{y}", "{d}-{m}-{y}",
)  # fmt: skip
IN_WORDS = (
    "{d} {month} {y}", "{d} {month}, {y}", "{d}{th} {month} {y}", "{d}{th} of {month} {y}", "the {d}{th} of {month}, {y}",
    "{month} {d}, {y}", "{month} {d} {y}", "{month} {d}{th}, {y}", "{month} the {d}{th}, {y}", "{y} {month} {d}",
    "{d} {mon} {y}", "{mon} {d}, {y}", "{dd}-{mon}-{y}", "{dd}{mon}{y}", "{d}.{roman}.{y}",
    "{weekday}, {month} {d}, {y}", "{weekday}, {d} {month} {y}", "{wday}, {dd} {mon} {y}", "{wday} {mon} {d} {y}",
    "the {ordinal} of {month}, {y}", "{month} {ordinal}, {y}", "{d}. {german} {y}", "{d} {french} {y}",
    "{d} de {spanish} de {y}",
)  # fmt: skip
SPELLINGS = (*IN_NUMBERS, *IN_WORDS)

FIRST, LAST = datetime.date(1900, 1, 1), datetime.date(2099, 12, 31)
REFUSED = "?"
"""What the network answers when it finds no date."""
SURE = 0.8
"""An answer of lower probability is none."""

Pairs = list[tuple[str, str]]


def pairs(count: int = 200_000, seed: int = 1) -> tuple[Pairs, dict[str, Pairs]]:
    """Returns pairs to learn from, and those to test on: every spelling of each tenth date, which is never learned."""
    chance = random.Random(seed)
    days = [FIRST + datetime.timedelta(days=day) for day in range((LAST - FIRST).days + 1)]
    chance.shuffle(days)
    unseen, learned = days[: len(days) // 10], days[len(days) // 10 :]
    makers = [
        lambda: valid(chance, chance.choice(learned)),
        lambda: impossible(chance),
        lambda: (no_date(chance), REFUSED),
    ]
    training = [maker() for maker in chance.choices(makers, [80, 10, 10], k=count)]
    known = {text for text, _ in training}
    return training, {
        "unseen dates": [
            (spell(chance, text, day.year, day.month, day.day), f"{day}") for day in unseen for text in SPELLINGS
        ],
        "impossible dates": [pair for pair in (impossible(chance) for _ in range(20_000)) if pair[0] not in known],
        "no dates": [(text, REFUSED) for text in (no_date(chance) for _ in range(20_000)) if text not in known],
    }


def valid(chance: random.Random, day: datetime.date) -> tuple[str, str]:
    """Returns a date in one of the spellings, and as ISO writes it."""
    return spell(chance, chance.choice(SPELLINGS), day.year, day.month, day.day), f"{day}"


def spell(chance: random.Random, spelling: str, year: int, month: int, day: int) -> str:
    """Returns year, month and day in a spelling; the day need not exist."""
    known = 1 <= month <= 12
    try:
        weekday = WEEKDAYS[datetime.date(year, month, day).weekday()]
    except ValueError:
        weekday = chance.choice(WEEKDAYS)
    th = "th" if day % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    names = {"month": ENGLISH, "german": GERMAN, "french": FRENCH, "spanish": SPANISH, "roman": ROMAN}
    names_of = {name: listed[month - 1] if known else "" for name, listed in names.items()}
    names_of |= {"ordinal": ORDINALS[day - 1] if 1 <= day <= 31 else f"{day}{th}", "mon": names_of["month"][:3]}
    return spelling.format(
        y=f"{year:04}",
        m=month,
        mm=f"{month:02}",
        d=day,
        dd=f"{day:02}",
        th=th,
        weekday=weekday,
        wday=weekday[:3],
        **names_of,
    )


def impossible(chance: random.Random) -> tuple[str, str]:
    """Returns what looks like a date but is in no calendar, or not in our two centuries, and its parts as ISO has them."""
    year, month, day = chance.randint(1900, 2099), chance.randint(1, 12), chance.randint(1, 31)
    kind = chance.choice(["short month", "leap year", "month", "day", "year"])
    spelling = chance.choice(SPELLINGS)
    if kind == "short month":
        month, day = chance.choice([(2, 30), (2, 31), (4, 31), (6, 31), (9, 31), (11, 31)])
    elif kind == "leap year":
        year, month, day = chance.choice([y for y in range(1900, 2100) if y % 4 or y == 1900]), 2, 29
    elif kind == "month":
        month, spelling = chance.choice([0, *range(13, 100)]), chance.choice(IN_NUMBERS)
    elif kind == "day":
        day = chance.choice([0, *range(32, 100)])
    else:
        year = chance.choice([chance.randint(1000, 1899), chance.randint(2100, 9999)])
    return spell(chance, spelling, year, month, day), f"{year:04}-{month:02}-{day:02}"


def no_date(chance: random.Random) -> str:
    """Returns a text that is no date: a part is missing or there twice, or it is no date at all."""
    year, month, day = chance.randint(1900, 2099), chance.randint(1, 12), chance.randint(1, 28)
    kind = chance.choice(["part missing", "short year", "two", "noise", "shuffled"])
    text = spell(chance, chance.choice(IN_WORDS), year, month, day)
    if kind == "part missing":
        without = chance.choice(["{y}", "{d}", "{month}"])
        spelling = chance.choice(["{d} {month} {y}", "{month} {d}, {y}"]).replace(without, "")
        return " ".join(spell(chance, spelling, year, month, day).strip(" ,").split())
    if kind == "short year":
        spelling = chance.choice([each for each in SPELLINGS if each != "{y}{mm}{dd}"])
        return spell(chance, spelling.replace("{y}", chance.choice(["{y:.2}", "{y:.3}", "{y}1"])), year, month, day)
    if kind == "two":
        two = [spell(chance, chance.choice(SPELLINGS), chance.randint(1900, 2099), month, day) for _ in range(2)]
        return chance.choice([" to ", " - ", ", ", " "]).join(two)
    if kind == "shuffled":
        return "".join(chance.sample(text, len(text)))
    return "".join(chance.choices("abcdefghijklmnopqrstuvwxyz0123456789 .,-/", k=chance.randint(1, 30)))


def refusal(answer: str, probability: float) -> str | None:
    """Returns why an answer is no date to rely on, or None when it is one."""
    if answer == REFUSED:
        return "it has no date in it, or more than one"
    try:
        day = datetime.date.fromisoformat(answer)
    except ValueError as error:
        return f"{answer} is in no calendar ({error})"
    if not FIRST <= day <= LAST:
        return f"{answer} is not from {FIRST.year} to {LAST.year}"
    return None if probability >= SURE else f"{answer} is only {100 * probability:.0f} % sure"
