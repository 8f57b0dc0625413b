#!/usr/bin/env python3
"""The share of each value of an attribute among the rows that have it, per day.

share.py map KEY   rows in, "day TAB value=1" out
share.py combine   sums by day: "day TAB value=n&value=n"
share.py reduce    "day TAB value TAB share", the largest first
"""

import itertools
import sys
import time
import urllib.parse
from collections import Counter


def map_rows(lines, key):
    days = {}
    for line in lines:
        fields = line.rstrip("\n").split("\t")
        value = urllib.parse.parse_qs(fields[8]).get(key)
        if value is None:
            continue
        day = int(fields[0]) // 86400
        if day not in days:
            days[day] = time.strftime("%Y-%m-%d", time.gmtime(day * 86400))
        yield days[day], urllib.parse.urlencode({value[0]: 1})


def by_day(lines):
    pairs = (line.rstrip("\n").split("\t", 1) for line in lines)
    for day, group in itertools.groupby(pairs, lambda pair: pair[0]):
        counts = Counter()
        for _, value in group:
            for name, n in urllib.parse.parse_qsl(value):
                counts[name] += int(n)
        yield day, counts


def combine(lines):
    for day, counts in by_day(lines):
        yield day, urllib.parse.urlencode(sorted(counts.items()))


def reduce(lines):
    for day, counts in by_day(lines):
        total = sum(counts.values())
        for name, n in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
            yield day, name, f"{n / total:.4f}"


def main(what="", *args):
    steps = {"map": map_rows, "combine": combine, "reduce": reduce}
    if what not in steps or len(args) != (what == "map"):
        sys.exit(__doc__)
    for fields in steps[what](sys.stdin, *args):
        print(*fields, sep="\t")


main(*sys.argv[1:])
