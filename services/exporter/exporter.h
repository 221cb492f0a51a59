/*
 * The exporter itself: collectors made from the settings, the HTTP side, and
 * the thread that owns signals.
 */
#ifndef EXPORTER_EXPORTER_H
#define EXPORTER_EXPORTER_H

#include "exporter/conf.h"

/* Runs until a signal ends it; returns the exit status. */
int exporter_run(const struct exporter_conf *conf);

#endif
