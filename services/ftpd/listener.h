/*
 * The listener, which is PID 1 in a container: it makes the other processes,
 * accepts connections and gives each to a process of its own, counts, reaps,
 * reloads and stops.  It reads no byte that a stranger sent.
 */
#ifndef FTPD_LISTENER_H
#define FTPD_LISTENER_H

/* Runs until a signal ends it; for struct program. */
int listener_run(void *settings);

#endif
