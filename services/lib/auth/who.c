/* Who a name would be, if its password is right (see authenticator.h). */
#include <string.h>

#include "auth/authenticator.h"
#include "base/secret.h"
#include "run/clock.h"
#include "run/log.h"

#define WORDPRESS_UPLOADS "wp-content/uploads"

/*
 * Nobody, but as slow as somebody: like WordPress's users if there may be any,
 * else like the users of the file.
 */
static void
nobody(const struct authenticator *a, struct candidate *ret)
{
	*ret = (struct candidate){ .wordpress = a->fds[LOOKUP].fd >= 0 };
	if (ret->wordpress) {
		wphash_dummy(a->cost, ret->hash);
	} else {
		pwhash_dummy(view_str(
				 a->users.n > 0 ? a->users.each[0].hash : ""),
		    ret->hash);
	}
}

bool
who_is(const struct authenticator *a, struct view name, struct candidate *ret)
{
	const struct user *user = users_find(&a->users, name);

	if (secret_eq(view_str(a->conf->user), name)) {
		/* Its password was wrong; but it takes as long as any. */
		nobody(a, ret);
		ret->exists = true;
	} else if (user != NULL) {
		*ret = (struct candidate){ .exists = true,
			.rights = user->rights };
		memcpy(ret->hash, user->hash, sizeof(user->hash));
		memcpy(ret->folder, user->folder, sizeof(user->folder));
	} else if (a->fds[LOOKUP].fd >= 0) {
		return false;
	} else {
		nobody(a, ret);
	}
	return true;
}

void
who_refused(struct view name, const char *why)
{
	struct log_line l;

	log_open(&l, LOG_WARN, "wordpress_login");
	log_view(&l, "user", name);
	log_str(&l, "refused", why);
	log_close(&l);
}

void
who_in_wordpress(struct authenticator *a, struct view name,
    const struct wpuser *user, struct candidate *ret)
{
	struct view hash = { NULL, 0 };
	unsigned cost;

	nobody(a, ret);
	if (user == NULL) {
		return;
	}
	hash = (struct view){ user->hash, user->hash_n };
	if (hash.n > sizeof(user->hash)
	    || wphash_kind(hash) == WPHASH_UNKNOWN) {
		who_refused(name, "unknown_hash");
		return;
	}
	cost = wphash_cost(hash);
	a->cost = cost == 0 ? a->cost : cost;
	*ret = (struct candidate){ .exists = true,
		.wordpress = true,
		.rights = user->access == WPROLES_NOTHING ? 0 : USERS_ALL };
	memcpy(ret->hash, hash.p, hash.n);
	if (user->access == WPROLES_UPLOADS) {
		ret->makes_folder = 1;
		memcpy(ret->folder, WORDPRESS_UPLOADS,
		    sizeof(WORDPRESS_UPLOADS));
	}
}

bool
who_is_remembered(const struct authenticator *a, const struct auth_request *q,
    const struct candidate *who)
{
	return who->exists && who->rights != 0
	    && recent_knows(&a->recent, auth_name(q), auth_password(q),
		view_str(who->hash), clock_ms());
}

struct auth_answer
who_answer(const struct candidate *who)
{
	struct auth_answer answer = { .result = AUTH_OK,
		.source = who->wordpress ? AUTH_WORDPRESS : AUTH_FILE,
		.rights = who->rights,
		.makes_folder = who->makes_folder };

	memcpy(answer.folder, who->folder, sizeof(answer.folder));
	return answer;
}
