# Mapper: one line for each download that has a country, keyed by country and
# hour in UTC: "DE 2026-03-24T14", 1. Sum up with sum.awk.
BEGIN { FS = OFS = "\t" }
$2 == "download" && $4 != "-" {
	hour = $1 - $1 % 3600
	if (!(hour in text)) text[hour] = iso(hour)
	print $4 " " text[hour], 1
}

# iso writes Unix seconds as 2026-03-24T14, by arithmetic: not every awk has strftime.
function iso(s,    days, era, doe, yoe, doy, mp, y, m, d) {
	days = int(s / 86400) + 719468
	era = int(days / 146097)
	doe = days - era * 146097
	yoe = int((doe - int(doe / 1460) + int(doe / 36524) - int(doe / 146096)) / 365)
	y = yoe + era * 400
	doy = doe - (365 * yoe + int(yoe / 4) - int(yoe / 100))
	mp = int((5 * doy + 2) / 153)
	d = doy - int((153 * mp + 2) / 5) + 1
	m = mp < 10 ? mp + 3 : mp - 9
	if (m <= 2) y++
	return sprintf("%04d-%02d-%02dT%02d", y, m, d, int(s % 86400 / 3600))
}
