// SPDX-License-Identifier: Apache-2.0
#include "term_traits.h"

#include <curses.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <term.h>

static const char *capability(const char *name)
{
	const char *text = tigetstr((char *)name);

	return text && text != (char *)-1 ? text : "";
}

// Appends a capability without its padding ("$<5/>", terminfo(5)).
static void add_capability(struct term_traits *traits, const char *text)
{
	while (*text) {
		const char *end = text[0] == '$' && text[1] == '<' ? strchr(text, '>') : NULL;

		if (end)
			text = end + 1;
		else if (traits->restore_length < sizeof traits->restore)
			traits->restore[traits->restore_length++] = *text++;
		else
			return;
	}
}

static int colours_of_terminal(void)
{
	const char *no_colour = getenv("NO_COLOR");
	int colours = tigetnum("colors");

	if (no_colour && *no_colour)
		return 0;
	return colours >= 256 ? 256 : colours >= 16 ? 16 : colours >= 8 ? 8 : 0;
}

bool term_traits_read(struct term_traits *traits, int fd, struct err *err)
{
	const char *type = getenv("TERM");
	int found = 0;

	memset(traits, 0, sizeof *traits);
	if (!type || !*type)
		return err_set(err, "terminal: TERM is not set; set it, or use --headless");
	if (strlen(type) >= sizeof traits->type)
		return err_set(err, "terminal: TERM is longer than %zu characters; use --headless",
			sizeof traits->type - 1);
	memcpy(traits->type, type, strlen(type) + 1);
	if (setupterm(traits->type, fd, &found) == ERR) {
		if (found == 1)
			return err_set(
				err, "terminal: TERM=%s prints on paper; use --headless", type);
		return err_set(err,
			"terminal: TERM=%s is not in the terminfo database; try TERM=xterm, or use "
			"--headless",
			type);
	}
	traits->colours = colours_of_terminal();
	traits->is_utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	traits->is_ansi = !strncmp(capability("cup"), "\033[", 2);
	add_capability(traits, traits->is_ansi ? PASTE_OFF : "");
	add_capability(traits, capability("op"));
	add_capability(traits, capability("sgr0"));
	add_capability(traits, capability("cnorm"));
	add_capability(traits, capability("rmcup"));

	bool can_move = *capability("cup") && *capability("clear");

	del_curterm(cur_term);
	return can_move ||
	       err_set(err, "terminal: TERM=%s cannot move the cursor; use --headless", type);
}
