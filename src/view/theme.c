// SPDX-License-Identifier: Apache-2.0
#include "relight/theme.h"

#include <stdio.h>
#include <string.h>

#include "relight/arena.h"
#include "relight/yaml.h"

enum palette { PALETTE_256, PALETTE_16, PALETTE_8 };

static const struct {
	const char *word, *help;
	unsigned plain;
} role_table[ROLE_COUNT] = {
#define X(name, word, attributes, help) [ROLE_##name] = {word, help, attributes},
	ROLES(X)
#undef X
};

// In the order of ECMA-48's colours 30 to 37, then the bright ones of the 16 colour palette.
static const char *const colour_names[] = {"black", "red", "green", "yellow", "blue", "magenta",
	"cyan", "white", "bright-black", "bright-red", "bright-green", "bright-yellow",
	"bright-blue", "bright-magenta", "bright-cyan", "bright-white", "default", NULL};
#define COLOUR_NAMES 16

static const struct {
	const char *word;
	unsigned attribute;
} attribute_table[] = {
	{"bold", LOOK_BOLD},
	{"dim", LOOK_DIM},
	{"underline", LOOK_UNDERLINE},
	{"reverse", LOOK_REVERSE},
	{"italic", LOOK_ITALIC},
};
#define ATTRIBUTES (sizeof(attribute_table) / sizeof(attribute_table[0]))

const char *role_word(enum role role)
{
	return role_table[role].word;
}

const char *role_help(enum role role)
{
	return role_table[role].help;
}

void theme_plain(struct theme *theme)
{
	*theme = (struct theme){.name = "plain", .title = "Without colours"};
	for (int role = 0; role < ROLE_COUNT; role++) {
		for (int palette = 0; palette < PALETTES; palette++) {
			theme->roles[role].fg[palette] = COLOUR_OWN;
			theme->roles[role].bg[palette] = COLOUR_OWN;
		}
		theme->roles[role].attributes = role_table[role].plain;
		theme->roles[role].plain = role_table[role].plain;
	}
}

// --- colours ---------------------------------------------------------------------------------------------------------

struct rgb {
	int red, green, blue;
};

// xterm's palette: 16 named colours, a 6×6×6 cube, 24 greys.
static struct rgb palette_rgb(int colour)
{
	static const int cube[] = {0, 95, 135, 175, 215, 255};
	if (colour < 16) {
		int on = colour < 8 ? 205 : 255;
		int off = colour == 8 ? 127 : 0;
		if (colour == 7)
			return (struct rgb){229, 229, 229};
		return (struct rgb){
			colour & 1 ? on : off, colour & 2 ? on : off, colour & 4 ? on : off};
	}
	if (colour < 232) {
		int index = colour - 16;
		return (struct rgb){cube[index / 36], cube[index / 6 % 6], cube[index % 6]};
	}
	int grey = 8 + (colour - 232) * 10;
	return (struct rgb){grey, grey, grey};
}

static int nearest_named(int colour)
{
	if (colour < COLOUR_NAMES)
		return colour;
	struct rgb wanted = palette_rgb(colour);
	int best = 0;
	int best_distance = 3 * 256 * 256;
	for (int i = 0; i < COLOUR_NAMES; i++) {
		struct rgb named = palette_rgb(i);
		int red = wanted.red - named.red;
		int green = wanted.green - named.green;
		int blue = wanted.blue - named.blue;
		int distance = red * red + green * green + blue * blue;
		if (distance < best_distance) {
			best = i;
			best_distance = distance;
		}
	}
	return best;
}

static bool read_colour(const struct yaml_node *node, int limit, int *colour, struct diags *diags)
{
	if (node->type == YAML_INT && node->integer >= 0 && node->integer < limit) {
		*colour = (int)node->integer;
		return true;
	}
	if (node->type == YAML_STRING) {
		for (int i = 0; i < COLOUR_NAMES && i < limit; i++) {
			if (strcmp(node->text, colour_names[i]) == 0) {
				*colour = i;
				return true;
			}
		}
		if (strcmp(node->text, "default") == 0) {
			*colour = COLOUR_OWN;
			return true;
		}
	}
	bool is_scalar = node->type != YAML_LIST && node->type != YAML_MAP;
	diag_error(diags, node->line, node->column, "colour",
		"colour: %s: is neither 'default', a colour's name nor a number from 0 to %d",
		is_scalar ? node->text : yaml_type_name(node->type), limit - 1);
	if (is_scalar)
		diag_suggest(diags, node->text, colour_names);
	return false;
}

// `fg` serves all three palettes, unless `fg16` or `fg8` say otherwise.
static bool read_colours(
	const struct yaml_node *role, const char *key, int colours[PALETTES], struct diags *diags)
{
	static const int limits[PALETTES] = {256, 16, 8};
	static const char *const suffixes[PALETTES] = {"", "16", "8"};
	for (int palette = 0; palette < PALETTES; palette++) {
		char name[8];
		snprintf(name, sizeof(name), "%s%s", key, suffixes[palette]);
		const struct yaml_node *node = yaml_get(role, name);
		if (node) {
			if (!read_colour(node, limits[palette], &colours[palette], diags))
				return false;
		} else if (palette == PALETTE_16 && colours[PALETTE_256] != COLOUR_OWN) {
			colours[palette] = nearest_named(colours[PALETTE_256]);
		} else if (palette == PALETTE_8 && colours[PALETTE_16] != COLOUR_OWN) {
			colours[palette] = colours[PALETTE_16] % 8;
		}
	}
	return true;
}

// --- the file --------------------------------------------------------------------------------------------------------

static bool read_attributes(const struct yaml_node *list, unsigned *attributes, struct diags *diags)
{
	if (list->type != YAML_LIST) {
		diag_error(diags, list->line, list->column, "type",
			"attributes: must be a list such as [bold, reverse], not %s",
			yaml_type_name(list->type));
		return false;
	}
	*attributes = 0;
	for (size_t i = 0; i < list->count; i++) {
		const struct yaml_node *item = list->items[i];
		size_t found = 0;
		while (found < ATTRIBUTES &&
			(item->type != YAML_STRING ||
				strcmp(item->text, attribute_table[found].word) != 0))
			found++;
		if (found == ATTRIBUTES) {
			diag_error(diags, item->line, item->column, "attribute",
				"attributes: may be bold, dim, underline, reverse and italic");
			return false;
		}
		*attributes |= attribute_table[found].attribute;
	}
	return true;
}

static bool check_keys(
	const struct yaml_node *map, const char *const *keys, const char *what, struct diags *diags)
{
	if (map->type != YAML_MAP) {
		diag_error(diags, map->line, map->column, "type", "%s: must be a mapping, not %s",
			what, yaml_type_name(map->type));
		return false;
	}
	for (size_t i = 0; i < map->count; i++) {
		const struct yaml_node *key = map->keys[i];
		size_t found = 0;
		while (keys[found] && strcmp(keys[found], key->text) != 0)
			found++;
		if (!keys[found]) {
			diag_error(diags, key->line, key->column, "unknown-key",
				"%s: unknown key '%s'", what, key->text);
			diag_suggest(diags, key->text, keys);
			return false;
		}
	}
	return true;
}

static bool read_role(const struct yaml_node *node, struct theme_role *role, struct diags *diags)
{
	static const char *const keys[] = {
		"fg", "fg16", "fg8", "bg", "bg16", "bg8", "attributes", "plain", NULL};
	if (!check_keys(node, keys, "role", diags) || !read_colours(node, "fg", role->fg, diags) ||
		!read_colours(node, "bg", role->bg, diags))
		return false;
	const struct yaml_node *attributes = yaml_get(node, "attributes");
	const struct yaml_node *plain = yaml_get(node, "plain");
	return (!attributes || read_attributes(attributes, &role->attributes, diags)) &&
	       (!plain || read_attributes(plain, &role->plain, diags));
}

static bool read_roles(const struct yaml_node *roles, struct theme *theme, struct diags *diags)
{
	const char *words[ROLE_COUNT + 1] = {NULL};
	for (int role = 0; role < ROLE_COUNT; role++)
		words[role] = role_table[role].word;
	if (!check_keys(roles, words, "roles", diags))
		return false;
	const struct yaml_node *normal = yaml_get(roles, role_table[ROLE_NORMAL].word);
	if (normal && !read_role(normal, &theme->roles[ROLE_NORMAL], diags))
		return false;
	for (int role = ROLE_NORMAL + 1; role < ROLE_COUNT; role++) {
		const struct yaml_node *node = yaml_get(roles, role_table[role].word);
		struct theme_role *target = &theme->roles[role];
		memcpy(target->fg, theme->roles[ROLE_NORMAL].fg, sizeof(target->fg));
		memcpy(target->bg, theme->roles[ROLE_NORMAL].bg, sizeof(target->bg));
		if (node && !read_role(node, target, diags))
			return false;
	}
	return true;
}

static bool read_text(const struct yaml_node *node, const char *key, char *text, size_t size_bytes,
	struct diags *diags)
{
	if (!node)
		return true;
	if (node->type != YAML_STRING || strlen(node->text) >= size_bytes) {
		diag_error(diags, node->line, node->column, "type",
			"%s: must be a text under %zu bytes", key, size_bytes);
		return false;
	}
	snprintf(text, size_bytes, "%s", node->text);
	return true;
}

static bool read_theme(const struct yaml_node *root, struct theme *theme, struct diags *diags)
{
	static const char *const keys[] = {"theme", "name", "title", "roles", NULL};
	if (!check_keys(root, keys, "theme", diags))
		return false;
	const struct yaml_node *version = yaml_get(root, "theme");
	if (!version || version->type != YAML_INT || version->integer != 1) {
		const struct yaml_node *place = version ? version : root;
		diag_error(diags, place->line, place->column, "version",
			"theme: must begin with 'theme: 1', the version of the format");
		return false;
	}
	const struct yaml_node *roles = yaml_get(root, "roles");
	return read_text(yaml_get(root, "name"), "name", theme->name, sizeof(theme->name), diags) &&
	       read_text(yaml_get(root, "title"), "title", theme->title, sizeof(theme->title),
		       diags) &&
	       (!roles || read_roles(roles, theme, diags));
}

bool theme_load(struct theme *theme, const char *text, size_t length_bytes, struct diags *diags)
{
	static const struct yaml_limits limits = {.bytes = 64 << 10, .depth = 8, .nodes = 2000};
	struct theme loaded;
	struct arena *arena = arena_new();
	diags->source = text;
	const struct yaml_node *root = yaml_parse(arena, text, length_bytes, &limits, diags);
	theme_plain(&loaded);
	loaded.name[0] = loaded.title[0] = '\0';
	bool done = root && read_theme(root, &loaded, diags);
	if (done)
		*theme = loaded;
	arena_free(arena);
	return done;
}

struct look theme_look(const struct theme *theme, enum role role, int colours)
{
	const struct theme_role *from = &theme->roles[role];
	if (colours < 8)
		return (struct look){COLOUR_OWN, COLOUR_OWN, from->plain};
	enum palette palette = colours >= 256  ? PALETTE_256
			       : colours >= 16 ? PALETTE_16
					       : PALETTE_8;
	return (struct look){from->fg[palette], from->bg[palette], from->attributes};
}
