"""Counts a log by minute: n, continent, country, region and cell, in memory.

usage: count.py CITY.mmdb LOG, which has lines "IP SECONDS". Prints n.
"""
import math
import sys
from collections import Counter

import maxminddb
import maxminddb.extension  # the C library, or this is no fair match


def main(database, log):
    places = maxminddb.open_database(database, maxminddb.MODE_MMAP_EXT)
    counts = Counter()
    lines = 0
    with open(log) as file:
        for line in file:
            ip, seconds = line.split()
            minute = int(seconds) // 60
            lines += 1
            counts[minute, "n"] += 1
            place = places.get(ip)
            if place is None:
                counts[minute, "u"] += 1
                continue
            continent = place.get("continent", {}).get("code")
            country = place.get("country", {}).get("iso_code")
            regions = place.get("subdivisions")
            location = place.get("location", {})
            if continent:
                counts[minute, "K", continent] += 1
            if country:
                counts[minute, "C", country] += 1
            if country and regions and regions[0].get("iso_code"):
                counts[minute, "R", country, regions[0]["iso_code"]] += 1
            if "latitude" in location:
                row = math.floor((location["latitude"] + 90) * 2)
                column = math.floor((location["longitude"] + 180) * 2)
                counts[minute, "c", row * 720 + column] += 1
            else:
                counts[minute, "u"] += 1
    print(lines)


main(*sys.argv[1:])
