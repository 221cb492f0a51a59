#include "exporter/budget.h"

#define DEFAULT_MS 10000.0
#define LEAST_MS 1000.0
#define MOST_MS 60000.0
#define WAY_BACK_MS 500.0

int
budget_ms(struct view timeout)
{
	double seconds, ms = DEFAULT_MS;

	if (view_double(view_trim(timeout), &seconds) == 0 && seconds > 0) {
		ms = seconds * 1000;
	}
	if (ms < LEAST_MS) {
		ms = LEAST_MS;
	}
	if (ms > MOST_MS) {
		ms = MOST_MS;
	}
	return (int)(ms - WAY_BACK_MS);
}
