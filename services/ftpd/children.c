#include "ftpd/children.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "ftpd/addr.h"

int
children_init(struct children *c, size_t most)
{
	*c = (struct children){ .most = most,
		.each = calloc(most, sizeof(*c->each)) };
	return c->each == NULL ? -ENOMEM : 0;
}

void
children_done(struct children *c)
{
	free(c->each);
	c->each = NULL;
}

void
children_add(struct children *c, pid_t pid, const struct in6_addr *party)
{
	c->each[c->n++] = (struct child){ .pid = pid, .party = *party };
}

int
children_remove(struct children *c, pid_t pid)
{
	for (size_t i = 0; i < c->n; i++) {
		if (c->each[i].pid == pid) {
			c->each[i] = c->each[--c->n];
			return 1;
		}
	}
	return 0;
}

size_t
children_from(const struct children *c, const struct in6_addr *party)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++) {
		n += addr_eq(&c->each[i].party, party);
	}
	return n;
}

void
children_kill(const struct children *c, int signal)
{
	for (size_t i = 0; i < c->n; i++) {
		(void)kill(c->each[i].pid, signal);
	}
}
