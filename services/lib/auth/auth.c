#include "auth/auth.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/secret.h"
#include "run/fdpass.h"
#include "run/net.h"

int
auth_introduce(int fd, int session_fd, const struct auth_intro *intro)
{
	return fdpass_send(fd, intro, sizeof(*intro), session_fd);
}

int
auth_give_users(int fd, int users_fd)
{
	return auth_introduce(fd, users_fd,
	    &(struct auth_intro){ .is_users = 1 });
}

int
auth_receive_intro(int fd, struct auth_intro *ret)
{
	return fdpass_receive(fd, ret, sizeof(*ret));
}

bool
auth_news(int fd, struct auth_news *ret)
{
	struct auth_news news;

	if (recv(fd, &news, sizeof(news), MSG_DONTWAIT)
	    != (ssize_t)sizeof(news)) {
		return false;
	}
	*ret = news;
	return true;
}

int
auth_ask(int fd, struct view user, struct view password, int64_t deadline,
    struct auth_answer *ret)
{
	struct auth_request q = { .user_n = 0 };
	struct auth_answer a;
	ssize_t n;
	int r;

	if (user.n > USERS_NAME_MAX || password.n > PWHASH_PASSWORD_MAX) {
		user.n = 0;
		password.n = 0;
	}
	q.user_n = (uint16_t)user.n;
	q.password_n = (uint16_t)password.n;
	if (user.n > 0) {
		memcpy(q.text, user.p, user.n);
	}
	if (password.n > 0) {
		memcpy(q.text + user.n, password.p, password.n);
	}
	n = send(fd, &q, sizeof(q), MSG_NOSIGNAL);
	r = n < 0 ? -errno : 0;
	secret_wipe(&q, sizeof(q));
	if (r == 0) {
		r = net_wait_read(fd, deadline);
	}
	if (r < 0) {
		return r;
	}
	n = recv(fd, &a, sizeof(a), 0);
	if (n != (ssize_t)sizeof(a)) {
		return n < 0 ? -errno : -EPIPE;
	}
	*ret = a;
	return 0;
}
