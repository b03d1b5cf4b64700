// SPDX-License-Identifier: Apache-2.0
#include "relight/moment.h"

#include <stdio.h>
#include <string.h>

#define S_PER_DAY     86400LL
#define MS_PER_DAY    (S_PER_DAY * MS_PER_S)
#define YEAR_0_US     (-62167219200LL * US_PER_S) // what four digits can write, from here
#define YEAR_10000_US (253402300800LL * US_PER_S) // to before this

struct date {
	int64_t year;
	int month, day; // from 1
};

// Days since 1970-01-01 of a date of the proleptic Gregorian calendar, and back: years begin in
// March, so that the leap day is the last of its year (Howard Hinnant, "chrono-Compatible Low-Level
// Date Algorithms").
static int64_t days_of_date(struct date date)
{
	int64_t year = date.month <= 2 ? date.year - 1 : date.year;
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t year_of_era = year - era * 400;
	int64_t day_of_year =
		(153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;

	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
	       day_of_year - 719468;
}

static struct date date_of_days(int64_t days)
{
	days += 719468;

	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	int64_t day_of_era = days - era * 146097;
	int64_t year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int month_from_march = (int)((5 * day_of_year + 2) / 153);
	int month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;

	return (struct date){
		.year = year_of_era + era * 400 + (month <= 2),
		.month = month,
		.day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1),
	};
}

static int days_in_month(int64_t year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return month == 2 && is_leap ? 29 : days[month - 1];
}

// Whole units, rounded down, with the rest (0 ≤ rest < unit).
static int64_t divide_floor(int64_t value, int64_t unit, int64_t *rest)
{
	int64_t whole = value / unit;

	*rest = value % unit;
	if (*rest < 0) {
		*rest += unit;
		whole--;
	}
	return whole;
}

void wall_format(struct wall at, char text[WALL_TEXT_BYTES])
{
	int64_t us, second_of_day;
	struct date date = {0};

	text[0] = '\0';
	if (!wall_known(at))
		return;

	int64_t seconds = divide_floor(at.us, US_PER_S, &us);

	date = date_of_days(divide_floor(seconds, S_PER_DAY, &second_of_day));
	if (date.year < 0 || date.year > 9999)
		return;

	unsigned second = (unsigned)second_of_day;

	snprintf(text, WALL_TEXT_BYTES, "%04u-%02u-%02uT%02u:%02u:%02u.%06uZ",
		(unsigned)date.year % 10000, (unsigned)date.month % 100, (unsigned)date.day % 100,
		second / 3600 % 100, second / 60 % 60, second % 60, (unsigned)us % 1000000);
}

void wall_clock(struct wall at, bool seconds, char text[16])
{
	int64_t us, second_of_day;

	text[0] = '\0';
	if (!wall_known(at))
		return;
	divide_floor(divide_floor(at.us, US_PER_S, &us), S_PER_DAY, &second_of_day);

	unsigned second = (unsigned)second_of_day;

	if (seconds)
		snprintf(text, 16, "%02u:%02u:%02u", second / 3600 % 100, second / 60 % 60,
			second % 60);
	else
		snprintf(text, 16, "%02u:%02u", second / 3600 % 100, second / 60 % 60);
}

// Exactly `count` digits at *text, which moves behind them.
static bool take_digits(const char **text, int count, int *number)
{
	int value = 0;

	for (int i = 0; i < count; i++) {
		if ((*text)[i] < '0' || (*text)[i] > '9')
			return false;
		value = value * 10 + ((*text)[i] - '0');
	}
	*text += count;
	*number = value;
	return true;
}

static bool take_char(const char **text, const char *one_of)
{
	if (!**text || !strchr(one_of, **text))
		return false;
	++*text;
	return true;
}

static bool take_date(const char **text, struct date *date)
{
	int year;

	if (!take_digits(text, 4, &year) || !take_char(text, "-") ||
		!take_digits(text, 2, &date->month) || !take_char(text, "-") ||
		!take_digits(text, 2, &date->day))
		return false;
	date->year = year;
	return date->month >= 1 && date->month <= 12 && date->day >= 1 &&
	       date->day <= days_in_month(date->year, date->month);
}

// "hh:mm:ss" and any number of fractional digits, of which those below a microsecond are cut off. A
// leap second (60) counts as the first second of the next minute, as POSIX time has no other place
// for it.
static bool take_time(const char **text, int64_t *us)
{
	int hour, minute, second;

	if (!take_digits(text, 2, &hour) || !take_char(text, ":") ||
		!take_digits(text, 2, &minute) || !take_char(text, ":") ||
		!take_digits(text, 2, &second) || hour > 23 || minute > 59 || second > 60)
		return false;
	*us = ((hour * 60LL + minute) * 60 + second) * US_PER_S;
	if (!take_char(text, "."))
		return true;

	int digit;
	int64_t unit_us = US_PER_S / 10;

	if (!take_digits(text, 1, &digit))
		return false;
	do {
		*us += digit * unit_us;
		unit_us /= 10;
	} while (take_digits(text, 1, &digit));
	return true;
}

static bool take_offset(const char **text, int64_t *us)
{
	int hours, minutes;

	*us = 0;
	if (take_char(text, "Zz"))
		return true;

	bool is_west = **text == '-';

	if (!take_char(text, "+-") || !take_digits(text, 2, &hours) || !take_char(text, ":") ||
		!take_digits(text, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*us = (hours * 60LL + minutes) * 60 * US_PER_S * (is_west ? -1 : 1);
	return true;
}

bool wall_parse(const char *text, struct wall *at)
{
	struct date date;
	int64_t time_us = 0, offset_us = 0;

	if (!text || !take_date(&text, &date))
		return false;
	// RFC 3339 §5.6 allows lower case, and a space in place of the T.
	if (*text && (!take_char(&text, "Tt ") || !take_time(&text, &time_us) ||
			     !take_offset(&text, &offset_us) || *text))
		return false;

	int64_t us = days_of_date(date) * S_PER_DAY * US_PER_S + time_us - offset_us;

	// Its offset, or a leap second, may carry it to where no text could give it back.
	if (us < YEAR_0_US || us >= YEAR_10000_US)
		return false;
	at->us = us;
	return true;
}

static const struct unit {
	const char *word;
	int64_t ms;
} units[] = {{"d", MS_PER_DAY}, {"h", 3600 * MS_PER_S}, {"m", 60 * MS_PER_S}, {"s", MS_PER_S},
	{"ms", 1}};
#define UNIT_COUNT (sizeof units / sizeof *units)

static size_t unit_find(const char *word, size_t length)
{
	for (size_t i = 0; i < UNIT_COUNT; i++) {
		if (strlen(units[i].word) == length && !memcmp(units[i].word, word, length))
			return i;
	}
	return UNIT_COUNT;
}

bool duration_parse(const char *text, int64_t *ms)
{
	int64_t total = 0;
	size_t next_unit = 0; // falling order: only units from here on may follow

	if (!text || !*text)
		return false;
	while (*text) {
		int64_t number = 0;
		size_t digits = strspn(text, "0123456789");

		if (!digits || digits > 15)
			return false;
		for (size_t i = 0; i < digits; i++)
			number = number * 10 + (text[i] - '0');
		text += digits;

		size_t letters = strspn(text, "dhms");
		size_t unit = unit_find(text, letters);

		if (unit < next_unit || unit == UNIT_COUNT ||
			number > DURATION_MOST_MS / units[unit].ms)
			return false;
		total += number * units[unit].ms;
		if (total > DURATION_MOST_MS)
			return false;
		next_unit = unit + 1;
		text += letters;
	}
	*ms = total;
	return true;
}

// The magnitude, which fits even for INT64_MIN.
static uint64_t magnitude(int64_t value)
{
	return value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
}

void duration_format(int64_t ms, char text[DURATION_TEXT_BYTES])
{
	uint64_t rest = magnitude(ms);
	size_t used = 0;

	if (!rest) {
		snprintf(text, DURATION_TEXT_BYTES, "0s");
		return;
	}
	if (ms < 0)
		text[used++] = '-';
	for (size_t i = 0; i < UNIT_COUNT && used < DURATION_TEXT_BYTES; i++) {
		uint64_t count = rest / (uint64_t)units[i].ms;

		rest %= (uint64_t)units[i].ms;
		if (count)
			used += (size_t)snprintf(text + used, DURATION_TEXT_BYTES - used, "%llu%s",
				(unsigned long long)count, units[i].word);
	}
}

void duration_clock(int64_t ms, char text[DURATION_TEXT_BYTES])
{
	unsigned long long seconds = magnitude(ms) / MS_PER_S;
	const char *sign = ms < 0 && seconds ? "-" : "";

	if (seconds >= 3600)
		snprintf(text, DURATION_TEXT_BYTES, "%s%llu:%02llu:%02llu", sign, seconds / 3600,
			seconds / 60 % 60, seconds % 60);
	else
		snprintf(text, DURATION_TEXT_BYTES, "%s%llu:%02llu", sign, seconds / 60,
			seconds % 60);
}

void duration_short(int64_t ms, char text[DURATION_TEXT_BYTES])
{
	// Up to this many of a unit are said in it: two days are easier to place as 36h than as 2d.
	static const uint64_t most[UNIT_COUNT] = {UINT64_MAX, 47, 59, 59, 0};
	uint64_t size = magnitude(ms);

	for (size_t i = UNIT_COUNT - 1; i-- > 0;) {
		uint64_t unit = (uint64_t)units[i].ms;
		uint64_t count = size / unit + (size % unit >= unit / 2 ? 1 : 0);

		if (count > most[i])
			continue;
		snprintf(text, DURATION_TEXT_BYTES, "%s%llu%s", ms < 0 && count ? "-" : "",
			(unsigned long long)count, units[i].word);
		return;
	}
}
