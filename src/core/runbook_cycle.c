// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "relight/memory.h"
#include "runbook_load.h"

// Circles in a graph: Tarjan's strongly connected components (SIAM J. Comput. 1, 1972) without
// recursion, because a chain may be 10,000 steps long, then a search in breadth inside each
// component of several nodes.

struct search {
	const struct refs *edges;
	size_t count;
	int *number, *low; // by node; number 0: not visited
	int *component;    // by node; -1: still open
	size_t *next_edge; // by node: which edge to follow next
	int *path, *open;  // stacks: of the depth-first search; of nodes without a component
	size_t path_length, open_count;
	int visited, components;
};

static void visit(struct search *search, int node)
{
	search->number[node] = search->low[node] = ++search->visited;
	search->path[search->path_length++] = node;
	search->open[search->open_count++] = node;
}

// All edges of the node at the end of the path are followed.
static void leave(struct search *search)
{
	int node = search->path[--search->path_length];

	if (search->low[node] == search->number[node]) {
		int member;
		do {
			member = search->open[--search->open_count];
			search->component[member] = search->components;
		} while (member != node);
		search->components++;
	}
	if (search->path_length > 0) {
		int parent = search->path[search->path_length - 1];
		if (search->low[node] < search->low[parent])
			search->low[parent] = search->low[node];
	}
}

static void components_from(struct search *search, int start)
{
	visit(search, start);
	while (search->path_length > 0) {
		int node = search->path[search->path_length - 1];
		if (search->next_edge[node] == search->edges[node].count) {
			leave(search);
			continue;
		}
		int next = search->edges[node].items[search->next_edge[node]++];
		if (!search->number[next])
			visit(search, next);
		else if (search->component[next] < 0 && search->number[next] < search->low[node])
			search->low[node] = search->number[next];
	}
}

// The shortest way from `start` back to itself inside its component, left in search->path; its
// length, 0 where there is none. `number` and `low` are used anew: as "seen" (0) and as where a
// node was reached from.
static size_t circle_through(struct search *search, int start)
{
	size_t head = 0, tail = 0;

	search->open[tail++] = start;
	while (head < tail) {
		int node = search->open[head++];
		for (size_t i = 0; i < search->edges[node].count; i++) {
			int next = search->edges[node].items[i];
			if (next == start) {
				size_t length = 1;
				for (int back = node; back != start; back = search->low[back])
					length++;
				size_t at = length;
				for (int back = node; back != start; back = search->low[back])
					search->path[--at] = back;
				search->path[0] = start;
				return length;
			}
			if (search->component[next] == search->component[start] &&
				search->number[next]) {
				search->number[next] = 0;
				search->low[next] = node;
				search->open[tail++] = next;
			}
		}
	}
	return 0;
}

void cycles_find(size_t count, const struct refs *edges,
	void (*found)(struct loader *loader, const int *circle, size_t length),
	struct loader *loader)
{
	struct search search = {.edges = edges, .count = count};
	bool *is_told = memory_zeroed(count + 1, sizeof *is_told);

	search.number = memory_zeroed(count + 1, sizeof *search.number);
	search.low = memory_zeroed(count + 1, sizeof *search.low);
	search.component = memory_zeroed(count + 1, sizeof *search.component);
	search.next_edge = memory_zeroed(count + 1, sizeof *search.next_edge);
	search.path = memory_zeroed(count + 1, sizeof *search.path);
	search.open = memory_zeroed(count + 1, sizeof *search.open);
	for (size_t i = 0; i < count; i++)
		search.component[i] = -1;
	for (size_t i = 0; i < count; i++)
		if (!search.number[i])
			components_from(&search, (int)i);
	for (size_t i = 0; i < count; i++) {
		if (is_told[search.component[i]])
			continue;
		is_told[search.component[i]] = true;
		size_t length = circle_through(&search, (int)i);
		if (length)
			found(loader, search.path, length);
	}
	free(is_told);
	free(search.number);
	free(search.low);
	free(search.component);
	free(search.next_edge);
	free(search.path);
	free(search.open);
}
