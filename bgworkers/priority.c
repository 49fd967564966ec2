/*
 * bgworkers/priority.c
 *		How much of the processor a worker takes when others want it too (skillancer.worker_nice).
 *
 * Where there is time to spare a worker gets all it wants; where there is none, those who wait for
 * an answer go first. The nice value of the process does that among processes of one group of the
 * scheduler; with the highest one the policy is SCHED_IDLE, so that a backend that wakes up does
 * not wait for the end of a worker's slice. A kernel that groups by session (autogroup) makes a
 * group of each process of PostgreSQL, and compares groups by a nice value of their own: so that is
 * set as well. Who runs the server under another policy, such as real time, keeps it.
 */
#include "skl.h"

#include "bgworkers/priority.h"

#include "storage/fd.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#define NICE_MAX 19

/* Sets the nice value of this session's group, where there is one; false: try again later. */
static bool
set_group(int nice_value)
{
	int fd = OpenTransientFile("/proc/self/autogroup", O_WRONLY);
	char number[16];
	int length = snprintf(number, sizeof(number), "%d", nice_value);
	bool done;

	if (fd < 0)
		return true;
	/* Without privileges the kernel takes one such change in a tenth of a second from all. */
	done = write(fd, number, (size_t) length) == length || errno != EAGAIN;
	CloseTransientFile(fd);
	return done;
}

/* Sets nice value and policy of this process. */
static void
set_process(int nice_value)
{
	const struct sched_param none = {0};

	if (setpriority(PRIO_PROCESS, 0, nice_value) != 0 ||
		(nice_value == NICE_MAX && sched_getscheduler(0) == SCHED_OTHER &&
		 sched_setscheduler(0, SCHED_IDLE, &none) != 0))
		ereport(LOG, (errmsg("could not set nice value %d of a worker: %m", nice_value)));
}

bool
skl_priority_set(int nice_value)
{
	static int base = -1; /* nice value of the server */
	static int stepped = 0;
	static bool whole = true; /* with the group */
	int wanted;

	if (nice_value < stepped)
		return false;
	if (nice_value == stepped && whole)
		return true;
	if (base < 0)
		base = Max(getpriority(PRIO_PROCESS, 0), 0);
	wanted = Min(base + nice_value, NICE_MAX);
	if (nice_value > stepped)
		set_process(wanted);
	stepped = nice_value;
	whole = set_group(wanted);
	return true;
}
