// SPDX-License-Identifier: Apache-2.0
#include "relight/no_proxy.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HOST_BYTES 256 // a name has at most 253
#define PORT_BYTES 6

struct address {
	unsigned char bytes[16];
	size_t length; // 4 or 16; 0: it is a name
};

struct place {
	char host[HOST_BYTES], port[PORT_BYTES]; // port "": none is named
	struct address address;
};

static struct address parse_address(const char *host)
{
	struct address address = {.length = 4};

	if (inet_pton(AF_INET, host, address.bytes) == 1)
		return address;
	address.length = inet_pton(AF_INET6, host, address.bytes) == 1 ? 16 : 0;
	return address;
}

// "host", "host:port", "[v6]", "[v6]:port" or "v6". False: no host, or one too long.
static bool parse_place(const char *text, size_t length, struct place *place)
{
	const char *end = text + length, *host_end = end, *port = end;
	const char *bracket = *text == '[' ? memchr(text, ']', length) : NULL;
	const char *colon = memchr(text, ':', length);

	*place = (struct place){.host = ""};
	if (bracket) {
		text++;
		host_end = bracket;
		port = bracket + 1 < end && bracket[1] == ':' ? bracket + 2 : end;
	} else if (colon && !memchr(colon + 1, ':', (size_t)(end - colon - 1))) {
		host_end = colon;
		port = colon + 1;
	}
	if (host_end == text || host_end - text >= HOST_BYTES || end - port >= PORT_BYTES)
		return false;
	memcpy(place->host, text, (size_t)(host_end - text));
	memcpy(place->port, port, (size_t)(end - port));
	place->address = parse_address(place->host);
	return true;
}

static bool parse_url(const char *url, struct place *place)
{
	const char *mark = strstr(url, "://"), *server = mark ? mark + strlen("://") : url;
	bool is_tls = strncasecmp(url, "https:", strlen("https:")) == 0;

	if (!parse_place(server, strcspn(server, "/?#"), place))
		return false;
	if (!place->port[0])
		memcpy(place->port, is_tls ? "443" : "80", is_tls ? sizeof "443" : sizeof "80");
	return true;
}

static bool is_of_this_machine(const struct place *server)
{
	static const unsigned char loopback[16] = {[15] = 1};

	if (server->address.length == 4)
		return server->address.bytes[0] == 127;
	if (server->address.length == 16)
		return memcmp(server->address.bytes, loopback, sizeof loopback) == 0;
	return strcasecmp(server->host, "localhost") == 0;
}

// --- one entry ---

// "ADDRESS/BITS"
static bool is_in_network(const char *entry, const struct place *server)
{
	char text[HOST_BYTES], *end = NULL;
	const char *slash = strchr(entry, '/');

	if (!isdigit((unsigned char)slash[1]))
		return false;
	memcpy(text, entry, (size_t)(slash - entry));
	text[slash - entry] = '\0';
	struct address network = parse_address(text);
	unsigned long bits = strtoul(slash + 1, &end, 10);
	if (*end || network.length == 0 || network.length != server->address.length ||
		bits > network.length * 8)
		return false;
	for (unsigned long bit = 0; bit < bits; bit++)
		if ((network.bytes[bit / 8] ^ server->address.bytes[bit / 8]) & (0x80 >> bit % 8))
			return false;
	return true;
}

static bool is_below(const char *domain, const char *host)
{
	size_t length = strlen(host), below = strlen(domain);

	return length > below && strcasecmp(host + length - below, domain) == 0 &&
	       host[length - below - 1] == '.';
}

static bool is_named(const char *entry, size_t length, const struct place *server)
{
	struct place named;

	if (!parse_place(entry, length, &named) ||
		(named.port[0] && strcmp(named.port, server->port) != 0))
		return false;
	if (named.address.length > 0)
		return named.address.length == server->address.length &&
		       memcmp(named.address.bytes, server->address.bytes, named.address.length) ==
			       0;
	const char *domain = named.host;
	bool is_whole = *domain != '*' && *domain != '.';
	domain += *domain == '*';
	domain += *domain == '.';
	return is_below(domain, server->host) ||
	       (is_whole && strcasecmp(domain, server->host) == 0);
}

static bool covers(const char *entry, size_t length, const struct place *server)
{
	char text[HOST_BYTES];

	if (length == 0 || length >= sizeof text)
		return false;
	memcpy(text, entry, length);
	text[length] = '\0';
	if (strcmp(text, "*") == 0)
		return true;
	return strchr(text, '/') ? is_in_network(text, server) : is_named(text, length, server);
}

bool no_proxy_covers(const char *list, const char *url)
{
	struct place server;

	if (!parse_url(url, &server) || is_of_this_machine(&server))
		return true;
	for (const char *at = list; at && *at;) {
		size_t length = strcspn(at, ","), begin = strspn(at, " \t");
		size_t end = length;

		while (end > begin && isspace((unsigned char)at[end - 1]))
			end--;
		if (begin < end && covers(at + begin, end - begin, &server))
			return true;
		at += length + (at[length] == ',');
	}
	return false;
}
